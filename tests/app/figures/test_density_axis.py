"""The axis of weights remaining."""

import math
from typing import Any

import pytest

from app.figures.density_axis import density_axis, lowest_planned


def test_the_planned_end_is_exact_before_the_layers_are_known(records: Any) -> None:
    assert lowest_planned(records.run()) == records.density(11)
    assert lowest_planned(records.run(layers=False)) == records.density(11)


def test_global_pruning_goes_by_its_rate(records: Any) -> None:
    run = records.run(pruning={"kind": "global_magnitude", "rate": 0.5}, levels=3)
    assert lowest_planned(run) == pytest.approx(0.125, abs=1e-4)


def test_global_pruning_ends_at_the_output_layer_that_it_never_prunes(records: Any) -> None:
    run = records.run(pruning={"kind": "global_magnitude", "rate": 0.5}, levels=20)
    assert lowest_planned(run) == 1000 / (64 * 300 + 300 * 100 + 1000)


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
