"""Accuracy against learning rate: means of what did not diverge, and the picture under each point."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from app.kinds.erasure.figures.accuracy_vs_lr import (
    AccuracyLrInfo,
    AccuracyLrOptions,
    draw,
    finding,
    foot,
    info,
    table,
)
from app.kinds.erasure.figures.contact_sheet import Sheet, Spot
from app.kinds.erasure.figures.trainings import Ends
from app.kinds.erasure.spec import Cell
from app.plotting import words
from app.plotting.source import Source
from tests.app import erasure_rows
from tests.app.erasure_rows import NAN, ending, erasure_run, moment, series, whole

GRIDS = {"sgd": (1.0, 0.1), "dualised": (1.0,)}
place = partial(erasure_rows.place, optimizers=GRIDS)


def source(ends: list[dict[str, Any]], moments: list[dict[str, Any]], run: Any = None, **options: Any) -> Any:
    rows = {"ending": series(ends), "erasure": series(moments)}
    return Source(run or erasure_run(optimizers=GRIDS), AccuracyLrOptions(**options), rows)


def measured() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """SGD: two replicates at lr 1, at lr 0.1 the first diverged; dualised: the first replicate only."""
    ends = [
        ending(place("sgd", 0, 0), test_accuracy=0.8, validation_accuracy=0.7),
        ending(place("sgd", 0, 1), test_accuracy=0.9, validation_accuracy=0.8),
        ending(place("sgd", 1, 0), diverged=40),
        ending(place("sgd", 1, 1), test_accuracy=0.95, validation_accuracy=0.99),
        ending(place("dualised", 0, 0), test_accuracy=0.6, validation_accuracy=0.5),
    ]
    moments = [moment(place("sgd", rate, r), step) for rate in (0, 1) for r in (0, 1) for step in (0, 10, 100)]
    moments = [
        row
        for row in moments
        if not (row["lr"] == 0.1 and row["optimizer"] == "sgd" and row["replicate"] == 0 and row["step"] == 100)
    ]
    moments += [moment(place("dualised", 0, 0), step) for step in (0, 100)]
    return ends, moments


def frame(optimizer: str, lr: float, replicate: int) -> str:
    cell = f"width=16&image=picture&optimizer={optimizer}&lr={lr}"
    query = f"replicate={replicate}&{cell}&step=100&size=96&theme=light"
    return f"/api/v1/runs/0123456789/film/frame?{query}"


def test_info_by_hand(same: Any) -> None:
    data = info(source(*measured()))
    names = {"visibility": 0.8, "null_low": 0.48, "null_high": 0.52}

    def values(validation: Any, test: Any) -> dict[str, Any]:
        there = np.isfinite(np.array(test))
        return {
            **{name: np.where(there, value, NAN) for name, value in names.items()},
            "validation_accuracy": np.array(validation), "train_accuracy": np.where(there, 0.99, NAN),
            "test_accuracy": np.array(test),
        }  # fmt: skip

    expected = AccuracyLrInfo(
        split="test",
        width=16,
        steps=100,
        ends=(
            Ends(16, "picture", "sgd", np.array([1.0, 0.1]), np.ones((2, 2), bool), np.array([[NAN, NAN], [40.0, NAN]]),
                 values([[0.7, 0.8], [NAN, 0.99]], [[0.8, 0.9], [NAN, 0.95]])),
            Ends(16, "picture", "dualised", np.array([1.0]), np.array([[True, False]]), np.full((1, 2), NAN),
                 values([[0.5, NAN]], [[0.6, NAN]])),
        ),
        sheet=Sheet(rates={"sgd": (1, 0), "dualised": (0,)}, rows={"sgd": 0, "dualised": 1},
                    span=(-1 - 0.7 * 0.276, 0.7 * 0.276), side=0.276, left_out=0, aspect=1.0),
        spots=(
            Spot("sgd", 0.1, frame("sgd", 0.1, 1)), Spot("sgd", 1.0, frame("sgd", 1.0, 0)),
            Spot("dualised", 1.0, frame("dualised", 1.0, 0)),
        ),
        live=False,
    )  # fmt: skip
    assert same(data, expected)
    # Best by validation among rates where none diverged; spread of 0.8 and 0.9 is 0.0707.
    assert words.text(tuple(finding(data))) == (
        "Test accuracy after 100 steps at each optimizer's best learning rate: SGD 85.0 ± 7.1 % at lr 1, "
        "dualised 60.0 % at "
        "lr 1."
    )
    assert foot(data) == (
        "n = 1 to 2 replicates, mean ± standard deviation · band = min to max · best learning rate = highest "
        "validation "
        "accuracy · diverged; not in the mean: SGD lr 0.1 (1 of 2, at step 40): open markers, × · below: the "
        "matrix after "
        "training"
    )


def test_lines_run_from_the_smallest_rate_and_leave_out_what_diverged() -> None:
    data = draw(info(source(*measured()))).data
    (line,) = [trace for trace in data if trace.meta == {"role": "sgd", "part": "mean"}]
    assert line.x.tolist() == [0.1, 1.0]
    assert line.y.tolist() == pytest.approx([95.0, 85.0])
    assert line.text == ("95.0 %", "85.0 %  (80.0 to 90.0, n = 2)")
    bands = [trace.y.tolist() for trace in data if trace.meta == {"role": "sgd", "part": "band"}]
    assert bands == [pytest.approx([95.0, 80.0]), pytest.approx([95.0, 90.0])]


def test_a_diverged_replicate_is_an_open_marker_that_says_so() -> None:
    (lost,) = [trace for trace in draw(info(source(*measured()))).data if trace.meta["part"] == "diverged"]
    assert (lost.x.tolist(), lost.yaxis, lost.marker.symbol) == ([0.1], "y2", "circle-open")
    assert lost.text == ("1 of 2 diverged, at step 40",)


def test_where_all_diverged_there_is_no_picture_but_a_cross() -> None:
    ends = [ending(place("dualised", 0, r), diverged=40.0 + r) for r in (0, 1)]
    moments = [moment(place("dualised", 0, r), step) for r in (0, 1) for step in (0, 32)]
    figure = draw(info(source(ends, moments)))
    assert figure.layout.images == ()
    assert [note.name for note in figure.layout.annotations if note.text == "×"] == ["dualised"]
    assert figure.layout.meta["finding"] == [{"text": "Every training diverged."}]
    (lost,) = figure.data
    assert lost.text == ("2 of 2 diverged, first at step 40",)


def test_pictures_are_of_the_width_that_is_shown() -> None:
    run = erasure_run(optimizers={"sgd": (1.0,)}, widths=(16, 32), twins=True)
    one = {"sgd": (1.0,)}
    rows = [place(width=width, image=image, optimizers=one) for width in (16, 32) for image in ("picture", "none")]
    data = info(source([ending(row) for row in rows], [moment(row, 100) for row in rows], run, width=32))
    assert [spot.source.split("&")[1:3] for spot in data.spots] == [["width=32", "image=picture"]]


def test_flat_matrices_are_stretched() -> None:
    run = erasure_run()
    flat = run.model_copy(update={"provenance": {"picture": {"rows": 10, "columns": 256, "two_level": True}}})
    for each, sizing in ((run, "contain"), (flat, "stretch")):
        figure = draw(info(Source(each, AccuracyLrOptions(), whole(each))))
        assert {image.sizing for image in figure.layout.images} == {sizing}


@pytest.mark.parametrize(("state", "expected"), [
    ("running", "The first point appears when a network is trained."),
    ("cancelled", "Nothing to show: no network was trained to its end."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    run = erasure_run(state=state, two_level=None)
    data = info(Source(run, AccuracyLrOptions()))
    assert words.text(tuple(finding(data))) == expected
    assert foot(data) == "n = 0" + (" · 12 trainings remaining" if state == "running" else "")


def test_a_live_run_shows_what_has_ended() -> None:
    run = erasure_run(state="running")

    def last(at: Cell, replicate: int) -> int | None:
        """The first replicate is at SGD's second rate, the other has not begun."""
        return -1 if replicate or at.optimizer != "sgd" else 10 if at.lr == 1.0 else None

    data = info(Source(run, AccuracyLrOptions(), whole(run, last)))
    figure = draw(data)
    assert [trace.x.tolist() for trace in figure.data] == [[0.1]]
    assert len(figure.layout.images) == 1
    assert foot(data).endswith("11 trainings remaining")


def test_one_replicate_has_no_spread_and_no_band() -> None:
    run = erasure_run(replicates=1)
    data = info(Source(run, AccuracyLrOptions(), whole(run)))
    assert "±" not in words.text(tuple(finding(data)))
    assert foot(data).startswith("n = 1 replicate: no spread")
    assert {trace.meta["part"] for trace in draw(data).data} == {"mean"}


def test_table_has_a_row_for_each_that_ended(same: Any) -> None:
    columns = table(info(source(*measured())))
    assert columns["optimizer"] == ["sgd"] * 4 + ["dualised"]
    assert columns["lr"] == [1.0, 1.0, 0.1, 0.1, 1.0]
    assert columns["diverged_step"] == [None, None, 40, None, None]
    assert same(columns["test_accuracy"], [0.8, 0.9, NAN, 0.95, 0.6])
