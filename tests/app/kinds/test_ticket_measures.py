"""What tickets are judged by, against a plain computation on planted outcomes."""

import math

import numpy as np
import pytest

from app.contract.events import WINNING_TICKET
from app.kinds.registry import KINDS
from app.kinds.specs import MEASURES
from app.kinds.ticket_measures import NEAR, measured, ranges
from app.records import Series
from app.search.facts import Fact

RATE = 0.8


def outcomes(accuracy: np.ndarray, densities: list[float], diverged: list[tuple[int, int]]) -> Series:
    """A series of tickets and one control; `accuracy` is (levels, replicates)."""
    levels, replicates = accuracy.shape
    rows = [(level, replicate) for replicate in range(replicates) for level in range(levels)]
    both = [*((*row, WINNING_TICKET) for row in rows), *((*row, "reinit") for row in rows if row[0])]
    columns = {
        "replicate": np.array([replicate for _, replicate, _ in both]),
        "level": np.array([level for level, _, _ in both]),
        "control": np.array([control for *_, control in both]),
        "draw": np.zeros(len(both), int),
        "density": np.array([densities[level] for level, _, _ in both]),
        "test_accuracy": np.array([accuracy[row[:2]] if row[2] == WINNING_TICKET else 0.5 for row in both]),
        "diverged_step": np.array(
            [3.0 if row[:2] in diverged and row[2] == WINNING_TICKET else math.nan for row in both]
        ),
    }
    return Series(columns, ("level", "control", "draw"))


def one(facts: list[Fact], path: str) -> Fact:
    (found,) = [fact for fact in facts if fact.path == path]
    return found


def test_accuracies_are_means_over_the_replicates_that_did_not_diverge() -> None:
    accuracy = np.random.default_rng(1).uniform(0.8, 1.0, (6, 4))
    densities = [RATE**level for level in range(6)]
    facts = list(measured(outcomes(accuracy, densities, [(5, 0), (2, 1), (2, 3)])))
    last = one(facts, "result.accuracy")
    assert last.number == pytest.approx(accuracy[5, 1:].mean())
    assert last.n == 3
    assert one(facts, "result.sparsity").number == pytest.approx(1 - RATE**5)
    means = [accuracy[level, [r for r in range(4) if (level, r) not in {(5, 0), (2, 1), (2, 3)}]] for level in range(6)]
    best = max(means, key=np.mean)
    found = one(facts, "result.best_accuracy")
    assert found.number == pytest.approx(best.mean())
    assert found.n == len(best)


def test_a_level_that_diverged_wholly_has_no_value_and_lends_none_of_its_neighbours() -> None:
    accuracy = np.full((4, 2), 0.9)
    facts = list(measured(outcomes(accuracy, [1.0, 0.5, 0.25, 0.125], [(2, 0), (2, 1)])))
    at = [(fact.low, fact.high) for fact in facts if fact.path == "result.accuracy@"]
    assert len(at) == 3
    assert not any(low <= 0.25 < high for low, high in at if low is not None and high is not None)
    assert one(facts, "result.sparsity").number == 0.875


@pytest.mark.parametrize(
    "densities", [[RATE**level for level in range(16)], [1.0, 0.5, 0.25, 0.1], [1.0, 0.02], [0.7], [1.0, 0.0]]
)
def test_a_share_belongs_to_the_level_nearest_by_ratio_if_that_is_near_enough(densities: list[float]) -> None:
    spans = ranges(densities)
    for share in np.geomspace(0.001, 1.0, 997):
        ratios = [abs(math.log(share / density)) if density else math.inf for density in densities]
        nearest = int(np.argmin(ratios))
        found = [place for place, (low, high) in enumerate(spans) if low <= share < high]
        assert found == ([nearest] if ratios[nearest] < math.log(NEAR) else [])


def test_masks_that_grow_back_are_taken_by_their_density_not_by_their_level() -> None:
    facts = list(measured(outcomes(np.array([[0.9], [0.5], [0.7]]), [1.0, 0.1, 0.3], [])))
    assert one(facts, "result.accuracy").number == 0.5
    assert [fact.number for fact in facts if fact.low is not None and fact.low <= 0.3 < (fact.high or 0)] == [0.7]


def test_of_levels_of_the_same_density_the_last_one_counts() -> None:
    facts = list(measured(outcomes(np.array([[0.9], [0.5], [0.7]]), [1.0, 0.5, 0.5], [])))
    assert one(facts, "result.accuracy").number == 0.7
    for share in (0.4, 0.5, 0.6):
        assert [fact.number for fact in facts if fact.low is not None and fact.low <= share < (fact.high or 0)] == [0.7]


def test_nothing_is_measured_before_a_network_is_trained_to_its_end() -> None:
    assert list(measured(outcomes(np.zeros((0, 2)), [], []))) == []
    assert list(measured(outcomes(np.full((1, 1), 0.1), [1.0], [(0, 0)]))) == []


def test_measures_have_names_of_their_own_and_belong_to_kinds() -> None:
    paths = [measure.path for measure in MEASURES]
    assert len(paths) == len(set(paths))
    for kind in KINDS.values():
        assert all(measure.group == "result" for measure in kind.entry.measures)
        assert bool(kind.entry.measures) == bool(kind.measured_series)
