"""What a lottery spec says of where it ends."""

from typing import Any

import pytest

from app.kinds.lottery.spec import LotterySpec
from app.records import Run


def lowest(run: Run) -> float:
    assert isinstance(run.spec, LotterySpec)
    return run.spec.lowest_density


def test_the_planned_end_is_exact_before_the_layers_are_known(records: Any) -> None:
    assert lowest(records.run()) == records.density(11)
    assert lowest(records.run(layers=False)) == records.density(11)


def test_global_pruning_goes_by_its_rate(records: Any) -> None:
    run = records.run(pruning={"kind": "global_magnitude", "rate": 0.5}, levels=3)
    assert lowest(run) == pytest.approx(0.125, abs=1e-4)


def test_global_pruning_ends_at_the_output_layer_that_it_never_prunes(records: Any) -> None:
    run = records.run(pruning={"kind": "global_magnitude", "rate": 0.5}, levels=20)
    assert lowest(run) == 1000 / (64 * 300 + 300 * 100 + 1000)
