"""Training curves: means over replicates, at most so many points and lines, ends kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.kinds.lottery.figures.training_curves import draw, finding, foot, table, value_range
from app.kinds.lottery.figures.training_data import (
    MAX_LINES,
    MAX_POINTS,
    Line,
    TrainingInfo,
    TrainingOptions,
    info,
    thinned,
)
from app.kinds.registry import FIGURES
from app.plotting import words
from app.plotting.source import Source

NAN = float("nan")


def source(records: Any, series: dict[str, Any], run: Any = None, **options: Any) -> Source[TrainingOptions]:
    return Source(run or records.run(), TrainingOptions(**options), series)


def rows() -> list[dict[str, Any]]:
    """Level 1: the ticket in two replicates, the second not as far; two draws of reinit in the first."""
    values: dict[tuple[int, str, int], list[float]] = {
        (0, "winning_ticket", 0): [0.1, 0.8, 0.9],
        (1, "winning_ticket", 0): [0.1, 0.6],
        (0, "reinit", 0): [0.1, 0.5, 0.7],
        (0, "reinit", 1): [0.1, 0.7, NAN],
    }
    return [
        {
            "replicate": replicate,
            "level": 1,
            "control": control,
            "draw": draw,
            "step": 500.0 * i,
            "test_accuracy": value,
        }
        for (replicate, control, draw), line in values.items()
        for i, value in enumerate(line)
    ]


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    def line(
        control: str, replicate: int | None, draw: int | None, n: int, steps: list[int], values: list[float]
    ) -> Line:
        return Line(control, replicate, draw, n, np.array(steps, np.int32), np.array(values))

    series = {"evaluation": records.series(rows()), "layers": records.layers_series()}
    expected = TrainingInfo(
        level=1,
        metric="test_accuracy",
        density=records.density(1),
        steps=1000,
        lines=(
            line("winning_ticket", 0, 0, 1, [0, 500, 1000], [0.1, 0.8, 0.9]),
            line("reinit", 0, 0, 1, [0, 500, 1000], [0.1, 0.5, 0.7]),
            line("reinit", 0, 1, 1, [0, 500], [0.1, 0.7]),
            line("winning_ticket", 1, 0, 1, [0, 500], [0.1, 0.6]),
        ),
        means=(
            line("winning_ticket", None, None, 2, [0, 500], [0.1, 0.7]),
            line("reinit", None, None, 1, [0, 500], [0.1, 0.6]),
        ),
        trainings=4,
        planned=("winning_ticket", "reinit", "shuffled"),
        live=False,
    )
    data = info(source(records, series, level=1))
    assert same(data, expected)
    assert words.text(tuple(finding(data))) == (
        "Level 1 (64.4 % of the weights), test accuracy after 500 of 1,000 steps: the ticket 70.0 %, the same mask "
        "with new weights 60.0 %."
    )


def test_means_average_draws_within_their_replicate_first(records: Any) -> None:
    values = {(0, 0): 0.2, (0, 1): 0.4, (0, 2): 0.6, (1, 0): 1.0}
    evaluation = records.series(
        [
            {"replicate": replicate, "level": 1, "control": "reinit", "draw": draw, "step": 1.0, "test_accuracy": value}
            for (replicate, draw), value in values.items()
        ]
    )
    (mean,) = info(source(records, {"evaluation": evaluation}, level=1)).means
    assert (mean.n, mean.value.tolist()) == (2, [pytest.approx(0.7)])  # over trainings: 0.55


@pytest.mark.parametrize("n", [1, MAX_POINTS, MAX_POINTS + 1, 20_000])
def test_thinning_keeps_both_ends_and_the_peak(n: int) -> None:
    step = np.arange(n, dtype=np.int64)
    value = np.random.default_rng(0).normal(size=n)
    value[n // 3] = 50.0
    x, y = thinned(step, value)
    assert len(x) == min(n, MAX_POINTS)
    assert (x[0], x[-1]) == (0, n - 1)
    assert y.max() == 50.0
    assert (np.diff(x) > 0).all()
    assert np.array_equal(value[x], y)


def test_thinning_drops_what_is_not_finite() -> None:
    x, y = thinned(np.arange(5), np.array([NAN, 1.0, np.inf, 2.0, NAN]))
    assert (x.tolist(), y.tolist()) == ([1, 3], [1.0, 2.0])
    assert [len(part) for part in thinned(np.zeros(0), np.zeros(0))] == [0, 0]


def test_no_more_than_a_hundred_lines_are_drawn_and_the_foot_says_so(records: Any) -> None:
    evaluation = records.evaluation(level=2, replicates=60, points=3)
    data = info(source(records, {"evaluation": evaluation}, level=2))
    assert len(data.lines) + len(data.means) == MAX_LINES
    assert f"{MAX_LINES - 3} of 180 trainings drawn, all in the mean" in foot(data)
    assert [mean.n for mean in data.means] == [60, 60, 60]
    # Whole replicates first, so that no control is favoured.
    assert {line.replicate for line in data.lines} == set(range(33))


def test_the_foot_says_where_the_axis_starts(records: Any) -> None:
    data = info(source(records, {"evaluation": records.series(rows())}, level=1))
    low, _ = value_range(data)
    assert low > 10
    assert foot(data).endswith(f"the axis starts at {low:g} %: lower values lie below it")
    high = [{**row, "test_accuracy": row["test_accuracy"] / 10 + 0.89} for row in rows()]
    assert "axis" not in foot(info(source(records, {"evaluation": records.series(high)}, level=1)))


def test_arrays_travel_as_bytes(records: Any) -> None:
    data = info(source(records, {"evaluation": records.evaluation(points=500)}, level=9))
    for trace in draw(data).data:
        assert isinstance(trace.y, np.ndarray)
        assert trace.y.dtype == np.float32


def test_level_zero_is_the_dense_network(records: Any) -> None:
    data = info(source(records, {"evaluation": records.evaluation(level=0)}))
    assert {trace.meta["role"] for trace in draw(data).data} == {"dense"}
    assert words.text(tuple(finding(data))).startswith("The dense network, test accuracy after 1,000 of 1,000 steps: ")


def test_losses_are_in_nats_and_a_diverged_one_does_not_set_the_axis(records: Any) -> None:
    evaluation = records.evaluation()
    columns = dict(evaluation.columns)
    columns["validation_loss"] = np.where(
        (columns["control"] == "shuffled") & (columns["step"] > 500), np.inf, columns["validation_loss"]
    )
    data = info(source(records, {"evaluation": records.series([]).__class__(columns)}, level=9,
                       metric="validation_loss"))  # fmt: skip
    low, high = value_range(data)
    assert low == 0
    assert 1 < high < 3
    assert "nats" in words.text(tuple(finding(data)))
    assert draw(data).layout.meta["axes"]["y"] == "validation loss (nats)"


TEXT = {"dataset": {"kind": "tiny_shakespeare"}, "model": {"kind": "char_transformer"}}


def test_losses_of_a_text_have_their_perplexity_and_accuracies_their_chance(records: Any) -> None:
    series = {"evaluation": records.evaluation()}
    data = info(source(records, series, records.run(**TEXT), level=9, metric="test_loss"))
    (mean,) = [mean for mean in data.means if mean.control == "winning_ticket"]
    loss, perplexity = mean.value[-1], np.exp(mean.value[-1])
    written = f"{words.significant(loss)} nats (perplexity {words.significant(perplexity)})"
    assert written in words.text(tuple(finding(data)))
    hovered = [trace.text[-1] for trace in draw(data).data if trace.meta == {"role": "winning_ticket", "part": "mean"}]
    assert hovered == [written]
    data = info(source(records, series, records.run(**TEXT), level=9))
    assert foot(data).endswith("next characters predicted right; always guessing the most frequent one gives 14.6 %")
    pictures = info(source(records, series, level=9))
    assert "guessing" not in foot(pictures)
    assert "perplexity" not in words.text(tuple(finding(pictures)))


def test_the_first_train_loss_is_not_a_number_and_not_drawn(records: Any) -> None:
    data = info(source(records, {"evaluation": records.evaluation()}, level=9, metric="train_loss"))
    assert {int(line.step[0]) for line in data.lines} == {50}


@pytest.mark.parametrize(
    ("level", "state", "expected"),
    [
        (0, "running", "The first point appears when the dense network is first evaluated."),
        (7, "running", "The first point appears when level 7 is first evaluated."),
        (7, "cancelled", "Nothing to show: level 7 was not trained."),
    ],
)
def test_empty_says_what_it_waits_for(records: Any, level: int, state: str, expected: str) -> None:
    data = info(source(records, {}, records.run(state=state), level=level))
    assert words.text(tuple(finding(data))) == expected
    assert draw(data).layout.xaxis.range == (0, 1010)


def test_only_one_level_is_read() -> None:
    reads = FIGURES["training_curves"].reads(TrainingOptions(level=4))
    assert reads == ({"evaluation": 4, "layers": 4, "outcome": 4}, {})


def test_table_is_one_row_per_evaluation(records: Any) -> None:
    columns = table(info(source(records, {"evaluation": records.series(rows())}, level=1)))
    assert list(columns) == [
        "level", "density", "control", "replicate", "draw", "step", "test_accuracy", "diverged_step",
    ]  # fmt: skip
    assert columns["step"] == [0, 500, 1000, 0, 500, 1000, 0, 500, 0, 500]
    assert columns["test_accuracy"][:3] == [0.1, 0.8, 0.9]
