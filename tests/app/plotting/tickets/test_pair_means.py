"""Means over pairs of tickets: against an independent computation, and against the truth of planted numbers."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from app.plotting.tickets.pair_means import pair_mean


def test_pairs_within_units_have_students_interval() -> None:
    """Each pair is one replicate of two runs: as many independent numbers as pairs."""
    shared = [0.3, 0.5, 0.35, 0.45]
    values, chosen = np.full((8, 8), math.nan), np.zeros((8, 8), bool)
    for i, value in enumerate(shared):
        values[i, i + 4] = value
        chosen[i, i + 4] = True
    found = pair_mean(values, chosen, [*range(4), *range(4)])
    low, high = stats.t.interval(0.95, 3, np.mean(shared), stats.sem(shared))
    assert found == pytest.approx((np.mean(shared), low, high, 4, 4))


def test_a_ticket_in_several_pairs_counts_once() -> None:
    values = np.random.default_rng(0).random((5, 5))
    found = pair_mean(values, np.ones((5, 5), bool), list("abcde"))

    def mean(tickets: list[int]) -> float:
        return float(np.mean([values[i, j] for i, j in combinations(tickets, 2)]))

    whole = mean(list(range(5)))
    pseudo = [5 * whole - 4 * mean([i for i in range(5) if i != gone]) for gone in range(5)]
    half = stats.t.ppf(0.975, 4) * stats.sem(pseudo)
    assert (found.n, found.pairs) == (5, 10)
    assert (found.mean, found.low, found.high) == pytest.approx((whole, whole - half, whole + half))


def test_two_units_that_meet_have_no_interval() -> None:
    values = np.full((2, 2), 0.4)
    found = pair_mean(values, np.ones((2, 2), bool), ["a", "b"])
    assert (found.mean, found.n, found.pairs) == (0.4, 2, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    nothing = pair_mean(values, np.zeros((2, 2), bool), ["a", "b"])
    assert math.isnan(nothing.mean)
    assert (nothing.n, nothing.pairs) == (0, 0)


def test_intervals_hold_the_truth_as_often_as_they_claim() -> None:
    """Tickets have effects of their own, so pairs that share one are alike: taken as independent, far fewer hold."""
    random, holds, naive = np.random.default_rng(3), 0, 0
    pairs = np.triu_indices(6, 1)
    for _ in range(1_000):
        effect = random.normal(size=6)
        values = effect[:, None] + effect[None] + 0.1 * random.normal(size=(6, 6))
        found = pair_mean(values, np.ones((6, 6), bool), range(6))
        holds += found.low <= 0 <= found.high
        low, high = stats.t.interval(0.95, 14, values[pairs].mean(), stats.sem(values[pairs]))
        naive += low <= 0 <= high
    assert 930 <= holds <= 970
    assert naive < 850
