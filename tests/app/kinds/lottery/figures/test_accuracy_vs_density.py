"""Accuracy against density: its data by hand, its words, and what a live or broken run shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.kinds.lottery.figures.accuracy_vs_density import (
    AccuracyInfo,
    AccuracyOptions,
    Cited,
    draw,
    finding,
    foot,
    info,
    table,
)
from app.kinds.registry import FIGURES
from app.plotting import words
from app.plotting.accuracy_axis import accuracy_range
from app.plotting.labels import GAP
from app.plotting.replicates import Curve
from app.plotting.source import Source

NAN = float("nan")


def source(records: Any, outcome: Any = None, at: str = "final", **run: Any) -> Source[AccuracyOptions]:
    options = AccuracyOptions.model_validate({"at": at})
    return Source(records.run(**run), options, {} if outcome is None else {"outcome": outcome})


def sentence(made: AccuracyInfo) -> str:
    return words.text(tuple(finding(made)))


def two_replicates(records: Any) -> Any:
    return records.outcome(
        [
            {"replicate": 0, "level": 0, "density": 1.0, "test_accuracy": 0.92, "train_accuracy": 1.0},
            {"replicate": 1, "level": 0, "density": 1.0, "test_accuracy": 0.94, "train_accuracy": 0.98},
            {"replicate": 0, "level": 1, "density": 0.014, "test_accuracy": 0.9, "train_accuracy": 0.97},
            {"replicate": 1, "level": 1, "density": 0.014, "test_accuracy": 0.908, "train_accuracy": 0.97},
            {"replicate": 0, "level": 1, "density": 0.014, "test_accuracy": 0.87, "control": "reinit"},
            {"replicate": 1, "level": 1, "density": 0.014, "test_accuracy": 0.878, "control": "reinit"},
            {"replicate": 0, "level": 1, "density": 0.014, "test_accuracy": 0.78, "control": "shuffled"},
            {"replicate": 1, "level": 1, "density": 0.014, "test_accuracy": 0.78, "control": "shuffled"},
        ]
    )


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    def made(control: str, levels: list[int], density: list[float], values: list[list[float]]) -> Curve:
        return Curve(control, np.array(levels), np.array(density), np.array([0, 1]), np.array(values),
                     np.zeros(len(levels), int))  # fmt: skip

    expected = AccuracyInfo(
        at="final",
        curves=(
            made("winning_ticket", [0, 1], [1.0, 0.014], [[0.92, 0.94], [0.9, 0.908]]),
            made("reinit", [1], [0.014], [[0.87, 0.878]]),
            made("shuffled", [1], [0.014], [[0.78, 0.78]]),
        ),
        dense=0.93,
        cited=Cited(1, 0.014, 2, {"winning_ticket": 0.904, "reinit": 0.874, "shuffled": 0.78}, 0.93),
        steps=1000,
        draws=1,
        planned=("winning_ticket", "reinit", "shuffled"),
        lowest=records.density(11),
        live=False,
        continued=False,
    )
    assert same(info(source(records, two_replicates(records))), expected)


def test_dense_is_that_of_its_line_with_its_own_n(records: Any) -> None:
    outcome = records.outcome(
        [
            {"replicate": 0, "level": 0, "density": 1.0, "test_accuracy": 0.95},
            {"replicate": 1, "level": 0, "density": 1.0, "test_accuracy": 0.85},
            {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.94},
        ]
    )
    assert "dense 90.0 % (n = 2)" in sentence(info(source(records, outcome)))


def test_a_ticket_that_trained_on_says_so(records: Any) -> None:
    data = info(source(records, two_replicates(records)))
    assert "more steps" not in sentence(data)
    assert sentence(data._replace(continued=True)).endswith("more steps than its controls.")


def test_the_finding_is_made_from_the_data_and_coloured_by_control(records: Any) -> None:
    parts = finding(info(source(records, two_replicates(records))))
    assert words.text(tuple(parts)) == (
        "At 1.4 % of the weights the ticket reaches 90.4 % test accuracy; the same mask with new weights 87.4 %, "
        "a shuffled mask 78.0 %; dense 93.0 %; after 1,000 steps."
    )
    coloured = {part.role: part.text for part in parts if part.role}
    assert coloured == {"winning_ticket": "90.4 %", "reinit": "87.4 %", "shuffled": "78.0 %", "dense": "93.0 %"}


@pytest.mark.parametrize(
    ("at", "dense", "ending"),
    [
        ("final", 0.93, "; after 1,000 steps."),
        ("early_stop", 0.9, "; at the step with the lowest validation loss."),
        ("train", 0.99, "; on the training split, after 1,000 steps."),
    ],
)
def test_at_picks_the_column_and_says_so(records: Any, at: str, dense: float, ending: str) -> None:
    data = info(source(records, two_replicates(records), at))
    assert data.dense == pytest.approx(dense)
    assert sentence(data).endswith(ending)


def test_one_replicate_says_what_it_cannot_tell(records: Any) -> None:
    data = info(source(records, records.full_outcome(replicates=1)))
    assert sentence(data).endswith("One replicate cannot distinguish an effect from chance.")
    assert foot(data).startswith("n = 1 replicate: no spread, no interval")
    parts = {trace.meta["part"] for trace in draw(data).data}
    assert parts == {"mean"}


def test_a_running_run_cites_what_most_replicates_have(records: Any) -> None:
    data = info(source(records, records.full_outcome(last={0: 8, 1: 7, 2: 3}), state="running"))
    assert data.cited is not None
    assert (data.cited.level, data.cited.n) == (3, 3)
    assert sentence(data).endswith("Still running; so far from 3 replicates.")
    assert foot(data).startswith("n = 1 to 3 replicates by level")
    ticket = next(curve for curve in data.curves if curve.control == "winning_ticket")
    assert ticket.n.tolist() == [3, 3, 3, 3, 2, 2, 2, 2, 1]


def test_a_running_run_says_what_the_curves_beside_it_show(records: Any) -> None:
    """Replicate 1 lacks its control and replicate 2 all of level 1: each value is its curve's, with its own n."""
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level, "control": control, "test_accuracy": accuracy}
        for replicate, level, control, accuracy in (
            (0, 0, "winning_ticket", 0.90), (1, 0, "winning_ticket", 0.94), (2, 0, "winning_ticket", 0.95),
            (0, 1, "winning_ticket", 0.80), (1, 1, "winning_ticket", 0.90), (0, 1, "reinit", 0.70),
        )
    ]  # fmt: skip
    data = info(source(records, records.outcome(rows), state="running"))
    assert sentence(data).startswith(
        "At 50.0 % of the weights the ticket reaches 85.0 % test accuracy (n = 2); the same mask with new weights "
        "70.0 % (n = 1); dense 93.0 % (n = 3); after "
    )
    assert sentence(data).endswith("steps. Still running.")
    shown = {trace.meta["role"]: trace for trace in draw(data).data if trace.meta["part"] == "mean"}
    assert shown["winning_ticket"].y[1] == pytest.approx(85.0)
    assert shown["reinit"].y[0] == pytest.approx(70.0)
    assert shown["dense"].y[0] == pytest.approx(93.0)


def test_only_dense_so_far(records: Any) -> None:
    outcome = records.full_outcome(replicates=2, last={0: 0, 1: 0})
    data = info(source(records, outcome, state="running"))
    assert sentence(data).startswith("The dense network reaches ")
    assert sentence(data).endswith("; the first pruned network is next.")
    assert draw(data).data[0].meta["role"] == "dense"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("queued", "The first point appears when the dense network is trained."),
        ("failed", "Nothing to show: no network was trained to its end."),
    ],
)
def test_empty_says_what_it_waits_for_on_the_same_axes(records: Any, state: str, expected: str) -> None:
    empty, full = info(source(records, state=state)), info(source(records, records.full_outcome()))
    assert sentence(empty) == expected
    before, after = draw(empty).layout, draw(full).layout
    assert before.xaxis == after.xaxis
    assert before.margin == after.margin
    assert before.meta["axes"] == after.meta["axes"]


def test_diverged_trainings_are_crosses_at_the_foot_and_in_no_mean(records: Any) -> None:
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level, "test_accuracy": 0.9 - 0.1 * replicate,
         "diverged_step": 40.0 if (replicate, level) == (1, 2) else NAN}
        for replicate in range(2) for level in range(3)
    ]  # fmt: skip
    data = info(source(records, records.outcome(rows)))
    assert data.curves[0].mean.tolist() == pytest.approx([0.85, 0.85, 0.9])
    assert "× 1 diverged training; not in the mean" in foot(data)
    crosses = [trace for trace in draw(data).data if trace.meta["part"] == "diverged"]
    assert [(trace.mode, trace.yaxis, trace.x.tolist()) for trace in crosses] == [("markers", "y2", [25.0])]


def test_all_diverged_says_so(records: Any) -> None:
    rows = [{"replicate": 0, "level": 0, "density": 1.0, "test_accuracy": NAN, "diverged_step": 3.0}]
    data = info(source(records, records.outcome(rows), state="running"))
    assert sentence(data) == "Every training so far diverged."
    assert sentence(info(source(records, records.outcome(rows), state="finished"))) == "Every training diverged."
    assert draw(data).layout.meta["n"] == 0


def test_traces_band_thin_lines_and_mean_in_per_cent(records: Any) -> None:
    figure = draw(info(source(records, two_replicates(records))))
    ticket = {trace.meta["part"]: trace for trace in figure.data if trace.meta["role"] == "winning_ticket"}
    assert ticket["mean"].x.tolist() == pytest.approx([100, 1.4])
    assert ticket["mean"].y.tolist() == pytest.approx([93, 90.4])
    assert ticket["band"].fill == "tonexty"
    assert ticket["band"].y.tolist() == pytest.approx([94, 90.8])
    np.testing.assert_allclose(ticket["replicate"].y, [92, 90, NAN, 94, 90.8, NAN])
    looks = {(trace.line.dash, trace.marker.symbol[0]) for trace in figure.data if trace.mode == "lines+markers"}
    assert len(looks) == 3  # told apart without colour


def test_labels_do_not_overlap_when_curves_end_together(records: Any) -> None:
    branches = ["reinit", "shuffled", "random", "magnitude_at_init"]
    rows = [
        {"replicate": 0, "level": level, "control": control, "density": 0.5**level, "test_accuracy": 0.9}
        for control in ("winning_ticket", *branches) for level in range(3) if level or control == "winning_ticket"
    ]  # fmt: skip
    run: dict[str, Any] = {"branches": [{"kind": kind} for kind in branches]}
    figure = draw(info(source(records, records.outcome(rows), **run)))
    low, high = figure.layout.yaxis.range
    heights = sorted(note.ay if note.showarrow else note.y for note in figure.layout.annotations if note.name != "soft")
    assert len(heights) == 6
    assert min(np.diff(heights)) >= GAP * (high - low) - 1e-9


@pytest.mark.parametrize(
    ("values", "bottom", "top"),
    [
        ([], 0, 100),
        ([97.2, 98.3], 94, 99),
        ([92.5, 71.0], 70, 95),
        ([92.5, 17.0], 50, 95),  # a collapse runs off the axis
        ([10.0, 12.0], 7, 12),
        ([100.0, 100.0], 95, 100),
        ([0.0, 1.0], 0, 1),
    ],
)
def test_the_range_is_round_and_keeps_the_best_in_sight(values: list[float], bottom: float, top: float) -> None:
    low, high = accuracy_range(np.array(values))
    assert low == bottom
    assert top < high <= top + 0.021 * max(top - bottom, 5)


def test_a_curve_off_the_axis_is_told(records: Any) -> None:
    data = info(source(records, records.full_outcome()))
    assert "the axis starts at" in foot(data)
    assert "shuffled mask ↓" in [note.text for note in draw(data).layout.annotations]


def test_accuracies_of_a_text_are_told_from_the_best_constant_guess(records: Any) -> None:
    text: dict[str, Any] = {"dataset": {"kind": "tiny_shakespeare"}, "model": {"kind": "char_transformer"}}
    note = "accuracy: next characters predicted right; always guessing the most frequent one gives 14.6 %"
    assert foot(info(source(records, two_replicates(records), **text))).endswith(note)
    assert note not in foot(info(source(records, two_replicates(records))))


def test_table_is_one_row_per_control_level_and_replicate(records: Any) -> None:
    columns = table(info(source(records, two_replicates(records))))
    assert columns["control"] == ["winning_ticket"] * 4 + ["reinit"] * 2 + ["shuffled"] * 2
    assert columns["replicate"] == [0, 1] * 4
    assert columns["accuracy"] == pytest.approx([0.92, 0.94, 0.9, 0.908, 0.87, 0.878, 0.78, 0.78])
    assert FIGURES["accuracy_vs_density"].table is table
