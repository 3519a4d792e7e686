"""Early stop by hand."""

from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.science.metrics.early_stop import EarlyStop, early_stop


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([2.0, 1.0, 1.5], EarlyStop(1, 100.0, 1.0, censored=False)),
        ([2.0, 1.5, 1.0], EarlyStop(2, 200.0, 1.0, censored=True)),
        ([1.0, 1.0, 1.0], EarlyStop(0, 0.0, 1.0, censored=False)),  # the first minimum
        ([2.0, 1.0, nan], EarlyStop(1, 100.0, 1.0, censored=False)),  # diverged after its minimum
        ([nan, 1.0, 2.0], EarlyStop(1, 100.0, 1.0, censored=False)),
        ([2.0, inf, 1.0], EarlyStop(2, 200.0, 1.0, censored=True)),
        ([-inf, 3.0, 4.0], EarlyStop(1, 100.0, 3.0, censored=False)),
    ],
)
def test_by_hand(losses: list[float], expected: EarlyStop) -> None:
    assert early_stop([0, 100, 200], losses) == expected


def test_one_evaluation_is_censored() -> None:
    assert early_stop([0], [1.0]) == EarlyStop(0, 0.0, 1.0, censored=True)


@pytest.mark.parametrize("losses", [[], [nan, nan], [inf, nan]])
def test_without_a_finite_loss(losses: list[float]) -> None:
    stop = early_stop(range(len(losses)), losses)
    assert stop.row is None
    assert isnan(stop.step)
    assert isnan(stop.loss)
    assert not stop.censored


def test_unequal_columns() -> None:
    with pytest.raises(ValueError, match="2 steps but 1 losses"):
        early_stop([0, 1], [1.0])


@given(st.lists(st.floats(0, 10) | st.just(nan), min_size=1).filter(lambda losses: not all(map(isnan, losses))))
def test_no_loss_is_lower_and_none_before_as_low(losses: list[float]) -> None:
    stop = early_stop(range(len(losses)), losses)
    assert stop.row is not None
    assert not any(loss < stop.loss for loss in losses)
    assert not any(loss <= stop.loss for loss in losses[: stop.row])
