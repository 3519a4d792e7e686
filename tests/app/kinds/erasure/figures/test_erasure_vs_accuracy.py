"""Erasure against accuracy: each point one training, beside the null and the bound that says erased."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from app.kinds.erasure.figures.erasure_vs_accuracy import (
    ErasureAccuracyInfo,
    ErasureAccuracyOptions,
    draw,
    finding,
    foot,
    info,
    table,
)
from app.kinds.erasure.figures.trainings import Ends
from app.plotting import words
from app.plotting.source import Source
from tests.app import erasure_rows
from tests.app.erasure_rows import NAN, ending, erasure_run, series

GRIDS = {"sgd": (1.0,), "dualised": (1.0,)}
place = partial(erasure_rows.place, optimizers=GRIDS)


def source(ends: list[dict[str, Any]], run: Any = None, **options: Any) -> Source[ErasureAccuracyOptions]:
    return Source(run or erasure_run(optimizers=GRIDS), ErasureAccuracyOptions(**options), {"ending": series(ends)})


def rows() -> list[dict[str, Any]]:
    """SGD leaves the picture visible in two replicates; dualised erases it in one and diverges in the other."""
    return [
        ending(place("sgd", 0, 0), visibility=0.8, test_accuracy=0.9, null_low=0.47, null_high=0.51),
        ending(place("sgd", 0, 1), visibility=0.7, test_accuracy=0.8, null_low=0.48, null_high=0.52),
        ending(place("dualised", 0, 0), visibility=0.51, test_accuracy=0.95, null_low=0.49, null_high=0.53),
        ending(place("dualised", 0, 1), diverged=4),
    ]


def test_info_by_hand(same: Any) -> None:
    data = info(source(rows()))

    def ends(optimizer: str, diverged: list[float], **values: list[float]) -> Ends:
        given = {name: np.array([row]) for name, row in values.items()}
        there = np.isfinite(given["visibility"])
        same_for_all = {name: np.where(there, value, NAN) for name, value in
                        (("validation_accuracy", 0.95), ("train_accuracy", 0.99))}  # fmt: skip
        order = ("visibility", "null_low", "null_high", "validation_accuracy", "train_accuracy", "test_accuracy")
        every = {**given, **same_for_all}
        return Ends(16, "picture", optimizer, np.array([1.0]), np.array([[True, True]]), np.array([diverged]),
                    {name: every[name] for name in order})  # fmt: skip

    expected = ErasureAccuracyInfo(
        split="test",
        width=16,
        two_level=True,
        ends=(
            ends("sgd", [NAN, NAN], visibility=[0.8, 0.7], null_low=[0.47, 0.48], null_high=[0.51, 0.52],
                 test_accuracy=[0.9, 0.8]),
            ends("dualised", [NAN, 4.0], visibility=[0.51, NAN], null_low=[0.49, NAN], null_high=[0.53, NAN],
                 test_accuracy=[0.95, NAN]),
        ),
        null=(0.48, 0.52),
        live=False,
    )  # fmt: skip
    assert same(data, expected)
    assert words.text(tuple(finding(data))) == (
        "At the best learning rate of each: SGD at lr 1 AUC 0.75 ± 0.07, visible, 85.0 ± 7.1 %; dualised at lr 1 AUC "
        "0.51, erased, 95.0 %."
    )
    assert foot(data) == (
        "n = 1 to 2 replicates, mean ± standard deviation · 3 points, one a training; strong and named at the best "
        "rate by validation accuracy · strip = 95 % of pictures with rows and columns permuted: outside it is "
        "detectable · erased = AUC up to 0.55 · diverged; not in the mean: dualised lr 1 (1 of 2, at step 4)"
    )


def test_a_point_for_each_training_and_none_for_one_that_diverged() -> None:
    figure = draw(info(source(rows())))
    points = {trace.meta["role"]: list(zip(trace.x.tolist(), trace.y.tolist(), strict=True)) for trace in figure.data}
    assert points == {"sgd": [(0.8, 90.0), (0.7, 80.0)], "dualised": [(0.51, 95.0)]}
    assert figure.data[-1].text[0] == "SGD lr 1, replicate 0<br>AUC 0.800 · 90.0 %"


def test_the_null_is_a_strip_and_erased_a_dotted_line() -> None:
    strip, line = draw(info(source(rows()))).layout.shapes
    assert (strip.type, strip.x0, strip.x1) == ("rect", pytest.approx(0.48), pytest.approx(0.52))
    assert (line.type, line.x0, line.x1, line.line.dash) == ("line", 0.55, 0.55, "dot")


def test_a_grey_picture_has_the_null_alone() -> None:
    run = erasure_run(optimizers=GRIDS, two_level=False)
    grey = [
        ending(place("sgd"), visibility=0.2, null_low=-0.03, null_high=0.03, test_accuracy=0.9),
        ending(place("dualised"), visibility=-0.01, null_low=-0.03, null_high=0.03, test_accuracy=0.9),
    ]
    data = info(source(grey, run))
    assert words.text(tuple(finding(data))) == (
        "At the best learning rate of each: SGD at lr 1 rank correlation 0.20, detectable, 90.0 %; dualised at "
        "lr 1 rank "
        "correlation −0.01, not detectable, 90.0 %."
    )
    figure = draw(data)
    assert [shape.type for shape in figure.layout.shapes] == ["rect"]
    assert "erased" not in str(figure.layout)
    assert figure.layout.xaxis.range[0] < -0.1 + 1e-9


def test_a_list_that_is_cut_ends_in_words() -> None:
    names = ("sgd", "adam", "lion", "dualised", "muon", "sam", "soap")
    grids = dict.fromkeys(names, (1.0,))
    run = erasure_run(optimizers=grids, replicates=1)
    ends = [
        ending(place(name, optimizers=grids), visibility=0.6 + 0.01 * i, test_accuracy=0.9)
        for i, name in enumerate(names)
    ]
    said = words.text(tuple(finding(info(source(ends, run)))))
    assert said.count("; ") == 5
    assert said.endswith(", 90.0 %; and 2 other optimizers.")


def test_names_near_one_another_are_moved_apart() -> None:
    grids = {"sgd": (1.0,), "adam": (1.0,), "lion": (1.0,), "dualised": (1.0,)}
    run = erasure_run(optimizers=grids, replicates=1)
    ends = [
        ending(place(name, optimizers=grids), visibility=0.8 + 0.01 * i, test_accuracy=0.9)
        for i, name in enumerate(grids)
    ]
    ends[-1] = ending(place("dualised"), visibility=0.45, test_accuracy=0.9)
    figure = draw(info(source(ends, run)))
    low, high = figure.layout.yaxis.range
    at = {note.text: (note.y - low) / (high - low) for note in figure.layout.annotations if note.name in grids}
    assert at["dualised"] == pytest.approx((90 - low) / (high - low))
    others = sorted(at[name] for name in ("SGD", "Adam", "Lion"))
    assert np.diff(others).min() > 0.059


@pytest.mark.parametrize(("state", "ends", "expected"), [
    ("running", [], "The first point appears when a network is trained."),
    ("failed", [], "Nothing to show: no network was trained to its end."),
    ("finished", [ending(place("sgd", 0, r), diverged=0) for r in (0, 1)], "Every training diverged."),
])  # fmt: skip
def test_without_a_point_it_says_why(state: str, ends: list[dict[str, Any]], expected: str) -> None:
    data = info(source(ends, erasure_run(optimizers=GRIDS, state=state)))
    assert words.text(tuple(finding(data))) == expected
    figure = draw(data)
    assert figure.data == ()
    assert [shape.type for shape in figure.layout.shapes] == ["line"]


def test_table_tells_what_diverged(same: Any) -> None:
    columns = table(info(source(rows(), split="train")))
    assert same(columns, {
        "optimizer": ["sgd", "sgd", "dualised", "dualised"], "lr": [1.0] * 4, "replicate": [0, 1, 0, 1],
        "diverged_step": [NAN, NAN, NAN, 4.0], "visibility": [0.8, 0.7, 0.51, NAN],
        "null_low": [0.47, 0.48, 0.49, NAN], "null_high": [0.51, 0.52, 0.53, NAN],
        "train_accuracy": [0.99, 0.99, 0.99, NAN],
    })  # fmt: skip
