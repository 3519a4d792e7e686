"""The axis of weights remaining."""

import math

import pytest

from app.plotting.density_axis import density_axis


@pytest.mark.parametrize(
    ("lowest", "ticks"),
    [
        (0.0094, ["100", "50", "20", "10", "5", "2", "1"]),
        (0.4, ["100", "50"]),
        (0.0009, ["100", "50", "10", "5", "1", "0.5", "0.1"]),
        (0.00001, ["100", "10", "1", "0.1", "0.01", "0.001"]),
    ],
)
def test_ticks_descend_and_thin_out(lowest: float, ticks: list[str]) -> None:
    axis = density_axis(lowest)
    assert axis["ticktext"] == ticks
    assert axis["type"] == "log"
    start, end = axis["range"]
    assert start > 2 > math.log10(100 * lowest) > end
