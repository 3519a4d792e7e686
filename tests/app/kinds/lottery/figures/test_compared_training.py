"""Training curves of several runs: means, bands and times against numpy, smoothing that leaves the raw line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.kinds.lottery.figures.compared_training import ENTRY
from app.kinds.lottery.figures.compared_training_data import TrainingOptions
from app.plotting.compared import ComparedSource, Group, Measured
from app.plotting.replicates import Floats
from app.records import Series
from tests.app.figure_records import outcome, run, series

STEPS = (0, 10, 20, 30)


def rows(values: Floats, steps: Sequence[int] = STEPS, *, pace: float = 0.5, start: float = 1e9) -> Series:
    """Evaluations of accuracies (n_replicates, n_steps), a step of the grid stored each `pace` seconds."""
    return series(
        [
            {
                "replicate": replicate, "step": float(steps[i]), "at": start + pace * i, "test_accuracy": float(value),
                "train_loss": np.nan, "validation_loss": 1.0, "validation_accuracy": 0.5, "test_loss": 1 - float(value),
            }
            for replicate, row in enumerate(values) for i, value in enumerate(row) if np.isfinite(value)
        ]
    )  # fmt: skip


def group(place: int, name: str, *each: Series, lost: Series | None = None, state: str = "finished") -> Group:
    its = {"outcome": outcome([]) if lost is None else lost}
    return Group(
        f"compared_{place}", name, tuple(Measured(run(state=state), {**its, "evaluation": one}) for one in each)
    )


def made(*groups: Group, **options: Any) -> Any:
    return ENTRY.info(ComparedSource(groups, TrainingOptions(**options)))


def part(figure: Any, role: str, name: str) -> Any:
    return next(trace for trace in figure.data if trace.meta == {"role": role, "part": name})


def said(figure: Any) -> str:
    return "".join(each["text"] for each in figure.layout.meta["finding"]).replace("\u00a0", " ")


PLANTED = np.random.default_rng(4).uniform(0.3, 0.9, (5, len(STEPS)))


def test_a_group_is_the_mean_and_band_of_the_replicates_of_its_runs() -> None:
    info = made(group(1, "sgd", rows(PLANTED[:2]), rows(PLANTED[2:], pace=1.5)))
    figure = ENTRY.draw(info)
    assert part(figure, "compared_1", "mean").y == pytest.approx(100 * PLANTED.mean(axis=0), rel=1e-6)
    assert part(figure, "compared_1", "mean").x.tolist() == list(STEPS)
    bands = [trace for trace in figure.data if trace.meta["part"] == "band"]
    assert bands[0].y == pytest.approx(100 * PLANTED.min(axis=0), rel=1e-6)
    assert bands[1].y == pytest.approx(100 * PLANTED.max(axis=0), rel=1e-6)
    assert f"sgd {100 * PLANTED.mean(axis=0)[-1]:.1f} % (n = 5 replicates of 2 runs)." in said(figure)
    # Two replicates took half a second for each row, three one and a half.
    (line,) = info.lines
    assert line.seconds == pytest.approx([0, 1.1, 2.2, 3.3])
    timed = ENTRY.draw(made(group(1, "sgd", rows(PLANTED)), by="wall-clock"))
    assert part(timed, "compared_1", "mean").x.tolist() == [0, 0.5, 1, 1.5]
    assert "time since the first evaluation" in timed.layout.xaxis.title.text
    assert "waits included" in timed.layout.meta["foot"]


def test_smoothing_is_off_and_shows_both_lines_when_on() -> None:
    plain = ENTRY.draw(made(group(1, "a", rows(PLANTED))))
    assert "raw" not in {trace.meta["part"] for trace in plain.data}
    assert "moving average" not in plain.layout.meta["foot"]
    info = made(group(1, "a", rows(PLANTED)), smoothing=60)
    figure = ENTRY.draw(info)
    mean = PLANTED.mean(axis=0)
    assert part(figure, "compared_1", "raw").y == pytest.approx(100 * mean, rel=1e-6)
    second = (0.6 * mean[0] + mean[1]) / 1.6
    assert part(figure, "compared_1", "mean").y[1] == pytest.approx(100 * second, rel=1e-6)
    assert "moving average of the mean, 60 % of the weight on the points before" in figure.layout.meta["foot"]
    table = ENTRY.table(info)
    assert table["test_accuracy"] == pytest.approx(mean)
    assert table["smoothed"][1] == pytest.approx(second)
    assert ENTRY.table(made(group(1, "a", rows(PLANTED))))["smoothed"] == [None] * 4
    # The sentence cites what was measured.
    assert said(figure) == said(plain)


def test_the_mean_ends_where_the_slowest_replicate_is() -> None:
    values = PLANTED.copy()
    values[1, 2:] = np.nan
    info = made(group(1, "a", rows(values), state="running"))
    assert info.lines[0].step.tolist() == [0, 10]
    assert said(ENTRY.draw(info)).endswith("(n = 5). Still running.")


def test_runs_that_are_evaluated_at_other_steps_are_lines_of_their_own() -> None:
    info = made(group(1, "a", rows(PLANTED), rows(PLANTED, (0, 25, 50, 75)), rows(PLANTED[:, :3])))
    assert [(line.runs, line.n, line.step.tolist()) for line in info.lines] == [
        (2, 10, [0, 10, 20]), (1, 5, [0, 25, 50, 75]),
    ]  # fmt: skip


def test_diverged_trainings_are_counted_and_in_no_mean() -> None:
    values = PLANTED.copy()
    values[0, 1:] = np.nan
    lost = outcome([{"replicate": 0, "level": 0, "diverged_step": 15.0}])
    info = made(group(1, "a", rows(values), lost=lost))
    assert (info.lines[0].n, info.lines[0].diverged) == (4, 1)
    assert info.lines[0].mean == pytest.approx(values[1:].mean(axis=0))
    assert said(ENTRY.draw(info)).endswith("(n = 4); 1 training diverged.")


def test_the_best_comes_first_and_losses_are_best_when_low() -> None:
    groups = (group(1, "a", rows(PLANTED * 0 + 0.5)), group(2, "b", rows(PLANTED * 0 + 0.7)))
    assert said(ENTRY.draw(made(*groups))) == (
        "The dense network, test accuracy after 30 steps: b 70.0 % (n = 5), a 50.0 % (n = 5)."
    )
    assert said(ENTRY.draw(made(*groups, metric="test_loss", level=0))) == (
        "The dense network, test loss after 30 steps: b 0.300 nats (n = 5), a 0.500 nats (n = 5)."
    )


def test_without_an_evaluation_the_sentence_says_so() -> None:
    assert said(ENTRY.draw(made(group(1, "a", series([]))))) == (
        "Nothing to show: the dense network was not trained in any of these runs."
    )
    assert said(ENTRY.draw(made(group(1, "a", series([]), state="running"), level=2))) == (
        "The first point appears when level 2 is first evaluated."
    )
