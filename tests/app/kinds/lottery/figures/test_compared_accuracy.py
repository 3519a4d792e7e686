"""Several runs in one figure: what is pooled, what is a line of its own, and what the sentence cites."""

import math

import numpy as np
import pytest

from app.kinds.lottery.figures.compared_accuracy import ENTRY
from app.plotting.compared import ComparedSource, Group, Measured
from app.plotting.source import Options
from app.records import Series
from tests.app.figure_records import outcome, run


def rows(densities: list[float], *replicates: list[float]) -> Series:
    return outcome(
        [
            {"replicate": replicate, "level": level, "density": density, "test_accuracy": accuracies[level]}
            for replicate, accuracies in enumerate(replicates)
            for level, density in enumerate(densities)
            if level < len(accuracies)
        ]
    )


def group(place: int, name: str, *series: Series, state: str = "finished") -> Group:
    return Group(f"compared_{place}", name, tuple(Measured(run(state=state), {"outcome": each}) for each in series))


def source(*groups: Group) -> ComparedSource[Options]:
    return ComparedSource(groups, Options())


HALVES = [1.0, 0.5, 0.25]


def test_replicates_of_runs_with_the_same_densities_are_values_of_one_line() -> None:
    first, second = rows(HALVES, [0.9, 0.8, 0.7], [0.92, 0.84, 0.72]), rows([1.0, 0.5002], [0.94, 0.88])
    made = ENTRY.info(source(group(1, "adam", first, second)))
    (line,) = made.curves
    assert line.density.tolist() == HALVES
    assert line.n.tolist() == [3, 3, 2]
    assert line.mean == pytest.approx([(0.9 + 0.92 + 0.94) / 3, (0.8 + 0.84 + 0.88) / 3, 0.71])
    assert made.runs == 2


def test_runs_with_other_densities_in_a_group_are_a_line_of_their_own() -> None:
    made = ENTRY.info(source(group(1, "adam", rows(HALVES, [0.9, 0.8, 0.7]), rows([1.0, 0.8, 0.64], [0.5, 0.4, 0.3]))))
    assert made.names == ("adam", "adam")
    assert [each.mean.tolist() for each in made.curves] == [[0.9, 0.8, 0.7], [0.5, 0.4, 0.3]]
    # A single point says nothing of where the others would be.
    alone = ENTRY.info(source(group(1, "adam", rows(HALVES, [0.9, 0.8, 0.7]), rows([1.0], [0.5]))))
    assert [each.n.tolist() for each in alone.curves] == [[1, 1, 1], [1]]


def test_the_sentence_cites_the_sparsest_density_that_most_lines_share_the_best_first() -> None:
    made = ENTRY.info(
        source(
            group(1, "one", rows(HALVES, [0.9, 0.8, 0.6])),
            group(2, "two", rows(HALVES, [0.9, 0.85, 0.65], [0.9, 0.85, 0.75])),
            group(3, "three", rows([1.0, 0.5], [0.9, 0.95])),
        )
    )
    figure = ENTRY.draw(made)
    assert made.at == 0.5
    said = "".join(part["text"] for part in figure.layout.meta["finding"])
    assert said.replace("\u00a0", " ") == (
        "At 50.0 % of the weights: three 95.0 % (n = 1), two 85.0 % (n = 2), one 80.0 % (n = 1)."
    )
    assert "n = 1 to 2 replicates" in figure.layout.meta["foot"]
    assert "3 runs" in figure.layout.meta["foot"]
    means = [trace for trace in figure.data if trace.meta["part"] == "mean"]
    assert {trace.name for trace in means} == {"one", "two", "three"}
    assert len({(trace.line.dash, trace.marker.symbol[0], trace.line.color) for trace in means}) == 3


def test_lines_without_a_density_in_common_are_each_cited_at_their_sparsest() -> None:
    """As of runs that were pruned at other rates: one line at a density of its own compares nothing."""
    lines = group(1, "one", rows(HALVES, [0.9, 0.8, 0.6])), group(2, "two", rows([1.0, 0.7], [0.9, 0.85], [0.9, 0.87]))
    info = ENTRY.info(source(*lines))
    assert math.isnan(info.at)
    said = "".join(part.text for part in ENTRY.said(info).finding)
    assert said == (
        "No two lines have a pruned density in common; each at its sparsest: two 86.0 % (at 70.0 %, n = 2), "
        "one 60.0 % (at 25.0 %, n = 1)."
    )
    alone = ENTRY.info(source(lines[0]))
    assert "".join(part.text for part in ENTRY.said(alone).finding) == "At 25.0 % of the weights: one 60.0 % (n = 1)."
    dense = ENTRY.info(source(group(1, "one", rows([1.0], [0.9]))))
    assert "".join(part.text for part in ENTRY.said(dense).finding) == "one 90.0 % (at 100 %, n = 1)."


def test_diverged_trainings_are_marked_and_in_no_mean() -> None:
    broken = outcome(
        [
            {"level": 0, "density": 1.0, "test_accuracy": 0.9},
            {"level": 1, "density": 0.5, "test_accuracy": math.nan, "diverged_step": 3.0},
        ]
    )
    made = ENTRY.info(source(group(1, "a", broken)))
    assert made.curves[0].n.tolist() == [1, 0]
    assert [trace.text for trace in ENTRY.draw(made).data if trace.meta["part"] == "diverged"] == [("1 diverged",)]


def test_without_a_trained_ticket_the_sentence_says_so() -> None:
    for state, words in (
        ("running", "No ticket of these runs has a test accuracy yet."),
        ("failed", "No ticket of these runs has a test accuracy."),
    ):
        figure = ENTRY.draw(ENTRY.info(source(group(1, "a", outcome([]), state=state))))
        assert [part["text"] for part in figure.layout.meta["finding"]] == [words]


def test_the_table_has_what_the_lines_are_made_of() -> None:
    made = ENTRY.info(source(group(1, "a", rows(HALVES, [0.9, 0.8], [0.7]))))
    table = ENTRY.table(made)
    assert list(zip(*table.values(), strict=True)) == [
        ("a", 1, 1.0, 0, 0.9),
        ("a", 1, 1.0, 1, 0.7),
        ("a", 1, 0.5, 0, 0.8),
    ]


def test_a_group_is_its_mean_and_band_over_all_replicates_of_its_runs() -> None:
    """Against numpy on planted accuracies, with the numbers of runs and replicates behind each line."""
    draw = np.random.default_rng(3)
    planted = [draw.uniform(0.5, 0.9, (replicates, len(HALVES))) for replicates in (3, 5, 2)]
    info = ENTRY.info(source(group(1, "sgd", *(rows(HALVES, *each.tolist()) for each in planted))))
    figure = ENTRY.draw(info)
    stacked = 100 * np.concatenate(planted)
    (mean,) = (trace for trace in figure.data if trace.meta["part"] == "mean")
    low, high = (trace for trace in figure.data if trace.meta["part"] == "band")
    assert mean.y == pytest.approx(stacked.mean(axis=0))
    assert low.y == pytest.approx(stacked.min(axis=0))
    assert high.y == pytest.approx(stacked.max(axis=0))
    said = "".join(part["text"] for part in figure.layout.meta["finding"])
    assert "(n = 10 replicates of 3 runs)" in said
    assert "band = min to max over the replicates of all runs of a line" in figure.layout.meta["foot"]
    assert set(ENTRY.table(info)["runs"]) == {3}


def test_a_sentence_cites_twelve_lines_and_the_span_of_the_others() -> None:
    info = ENTRY.info(source(*(group(1, f"run {i}", rows(HALVES, [0.9, 0.8, 0.5 + i / 100])) for i in range(15))))
    said = "".join(part["text"] for part in ENTRY.draw(info).layout.meta["finding"]).replace("\u00a0", " ")
    assert "run 14 64.0 % (n = 1)" in said
    assert said.endswith("run 3 53.0 % (n = 1), 3 others from 52.0 % down to 50.0 %.")
