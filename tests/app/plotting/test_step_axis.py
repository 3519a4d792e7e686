"""A logarithmic axis of steps that has a place for step 0."""

import numpy as np
import pytest

from app.plotting.step_axis import ZERO, place, step_axis


def test_step_zero_stands_left_of_step_one() -> None:
    assert place(np.array([0, 1, 10, 316])).tolist() == pytest.approx([ZERO, 0, 1, 2.4997], abs=1e-4)
    assert ZERO < 0


@pytest.mark.parametrize(
    ("steps", "ticks"),
    [(1, ["0", "1"]), (300, ["0", "1", "10", "100", "300"]), (1_001, ["0", "1", "10", "100", "1,001"])],
)
def test_ticks_are_at_zero_at_powers_of_ten_and_at_the_last_step(steps: int, ticks: list[str]) -> None:
    axis = step_axis(steps)
    assert axis["ticktext"] == ticks
    low, high = axis["range"]
    assert all(low < at < high for at in axis["tickvals"])
    assert axis["tickvals"][-1] == pytest.approx(np.log10(steps))
