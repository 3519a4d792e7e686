"""Lottery runs of other models, layouts and initialisations."""

from typing import Any

import pytest

from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.lottery_runs import (
    NOWHERE,
    RESIDUAL,
    ran,
    saved,
    small,
)
from workers.science.experiments.lottery import tune


def test_sparse_layers_are_for_those_that_can_have_them() -> None:
    """A worker measures nothing for trainings that are dense anyway."""

    def measured(question: dict[str, Any], find_out: Any) -> float:
        assert question["batch"] == small().batch_size
        return 0.25

    def never(question: dict[str, Any], find_out: Any) -> float:
        raise AssertionError(question)

    assert tune(small(), NOWHERE, "cpu", measured) == {"csr_below": 0.25}
    for spec, device, stacked in (
        (small(sparse_training="off"), "cpu", False),
        (small(precision="bfloat16"), "cpu", False),
        (small(optimizer={"kind": "muon"}), "cpu", False),
        (small(), "cuda:0", False),
        (small(), "cpu", True),
    ):
        assert tune(spec, NOWHERE, device, never, stacked) == {"csr_below": 0.0}


def test_a_residual_network_rewinds_its_statistics_and_prunes_no_norm() -> None:
    outputs = ran(small(**RESIDUAL, levels=1, steps=4, rewind_step=2, branches=[]))
    init, rewound = saved(outputs, "init")[LotteryKey()], saved(outputs, "rewind")[LotteryKey()]
    assert init["norm.weight"].tolist() == [1] * 16
    assert not init["norm.running_mean"].any()
    assert rewound["norm.running_mean"].any()
    assert int(rewound["norm.num_batches_tracked"]) == 2
    masks = saved(outputs, "mask")[LotteryKey(level=1)]
    assert len(masks) == 22
    assert not any("norm" in name or "bias" in name for name in masks)
    ticket = saved(outputs, "ticket")[LotteryKey(level=1)]
    assert int(ticket["norm.num_batches_tracked"]) == 4
    assert "stages.0.0.conv1.weight.values" in ticket


def test_the_initialisation_is_a_choice() -> None:
    spreads = {}
    for init in ("glorot_normal", "kaiming_normal", "kaiming_uniform", "orthogonal", "normal"):
        outputs = ran(small(init=init, levels=1, steps=1, eval_every=1, branches=[]))
        spreads[init] = float(saved(outputs, "init")[LotteryKey()]["fc1.weight"].std())
    assert spreads["glorot_normal"] == pytest.approx((2 / 364) ** 0.5, rel=0.02)
    assert spreads["kaiming_normal"] == pytest.approx((2 / 64) ** 0.5, rel=0.02)
    assert spreads["kaiming_uniform"] == pytest.approx((2 / 64) ** 0.5, rel=0.02)
    assert spreads["orthogonal"] == pytest.approx((1 / 300) ** 0.5, rel=0.02)
    assert spreads["normal"] == pytest.approx(0.02, rel=0.02)
