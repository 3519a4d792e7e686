"""What each training of a lottery run starts from, and the batches that it trains on."""

from typing import Any

import pytest
import torch
from torch import Tensor

from app.contract.events import Progress
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from tests.workers.science.experiments.lottery_runs import (
    CONTROLS,
    outcomes,
    ran,
    rows,
    saved,
    small,
    tickets,
)
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.random import generator


def starts(spec: LotterySpec, monkeypatch: pytest.MonkeyPatch) -> dict[Any, tuple[dict[str, Tensor], Any, Any]]:
    """Weights, masks and schedule that each training of `spec` was given."""
    from workers.science.experiments.trainer import Plan, Trainer

    seen: dict[Any, tuple[dict[str, Tensor], Any, Any]] = {}
    train = Trainer.train

    def spy(self: Trainer, plan: Plan) -> Any:
        copies = {name: tensor.clone() for name, tensor in plan.weights.items()}
        seen[plan.key] = (copies, plan.masks, [plan.factor(step) for step in range(spec.steps)])
        return train(self, plan)

    monkeypatch.setattr(Trainer, "train", spy)
    ran(spec)
    return seen


def test_controls_start_as_the_protocol_says(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = starts(small(branches=[{"kind": "reinit", "draws": 2}, *CONTROLS[1:]]), monkeypatch)
    theta0 = seen[LotteryKey()][0]
    expected = lenet_300_100.build((1, 8, 8), 10)
    initialise(expected, generator(0, 0, "init"))
    assert torch.equal(theta0["fc1.weight"], expected.state_dict()["fc1.weight"])

    for level in (1, 2):
        ticket, ticket_masks, _ = seen[LotteryKey(level=level)]
        size = {name: int(mask.sum()) for name, mask in ticket_masks.items()}
        starts_at = {control["kind"]: seen[LotteryKey(level=level, control=control["kind"])] for control in CONTROLS}
        for weights, masks, _ in starts_at.values():
            assert {name: int(mask.sum()) for name, mask in masks.items()} == size
            assert weights.keys() == theta0.keys()

        def own(weights: dict[str, Tensor]) -> bool:
            return all(torch.equal(weights[name], theta0[name]) for name in theta0)

        def same(masks: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
            return all(torch.equal(masks[name], other[name]) for name in other)

        assert own(ticket)
        assert {kind: own(weights) for kind, (weights, _, _) in starts_at.items()} == {
            "reinit": False, "shuffled": True, "random": False, "magnitude_at_init": True
        }  # fmt: skip
        assert {kind: same(masks, ticket_masks) for kind, (_, masks, _) in starts_at.items()} == {
            "reinit": True, "shuffled": False, "random": False, "magnitude_at_init": False
        }  # fmt: skip
        for name, mask in starts_at["magnitude_at_init"][1].items():
            assert theta0[name][~mask].abs().max() <= theta0[name][mask].abs().min()
        again = seen[LotteryKey(level=level, control="reinit", draw=1)][0]
        assert not torch.equal(again["fc1.weight"], starts_at["reinit"][0]["fc1.weight"])
    one, two = (seen[LotteryKey(level=level, control="reinit")][0] for level in (1, 2))
    assert not torch.equal(one["fc1.weight"], two["fc1.weight"])


def test_weights_go_back_to_the_rewind_step(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = small(rewind_step=7, steps=30, branches=CONTROLS, levels=1)
    outputs = ran(spec)
    (rewound,) = saved(outputs, "rewind").values()
    seen = starts(spec, monkeypatch)
    for key in (
        LotteryKey(level=1),
        LotteryKey(level=1, control="shuffled"),
        LotteryKey(level=1, control="magnitude_at_init"),
    ):
        weights = seen[key][0]
        assert all(torch.equal(weights[name], rewound[name]) for name in rewound)
    # Seven steps of the dense network alone, with the same batches.
    short = tickets(ran(small(steps=7, branches=[], levels=1)))[0].weights
    assert all(torch.equal(short[name], rewound[name]) for name in rewound)

    curves = {key: [r["step"] for p, r in rows(outputs, "evaluation") if p == key] for key in outcomes(outputs)}
    assert curves[LotteryKey()] == curves[LotteryKey(level=1, control="reinit")] == [0, 5, 10, 15, 20, 25, 30]
    assert curves[LotteryKey(level=1)] == curves[LotteryKey(level=1, control="shuffled")] == [7, 10, 15, 20, 25, 30]
    totals = {output.total for output in outputs if isinstance(output, Progress)}
    assert totals == {30 + 3 * 23 + 2 * 30}


def test_the_batches_of_a_step_are_the_same_in_every_training(monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.science.train.batches import Batches

    seen: list[tuple[int, tuple[int, ...]]] = []
    take = Batches.__getitem__

    def spy(self: Batches, step: int) -> Tensor:
        chosen = take(self, step)
        seen.append((step, tuple(chosen.tolist())))
        return chosen

    monkeypatch.setattr(Batches, "__getitem__", spy)
    spec = small(rewind_step=7, steps=30, branches=CONTROLS)
    ran(spec)
    assert len(seen) == 30 + 2 * (3 * 23 + 2 * 30)
    assert len(set(seen)) == 30
    # Twenty batches of 60 make an epoch of 1,257: no example twice within it.
    first = [row for step, batch in set(seen) if step < 20 for row in batch]
    assert len(first) == len(set(first)) == 1200


@pytest.mark.parametrize("rewind", ["fine_tune", "none"])
def test_without_rewinding_survivors_keep_their_trained_values(rewind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = small(rewind=rewind, schedule={"kind": "step_decay"}, branches=[{"kind": "shuffled"}])
    trained = tickets(ran(spec))
    seen = starts(spec, monkeypatch)
    whole_schedule = seen[LotteryKey()][2]
    assert whole_schedule == pytest.approx([1.0] * 6 + [0.1] * 3 + [0.01] * 3)
    for level in (1, 2):
        weights, _, factors = seen[LotteryKey(level=level)]
        assert all(torch.equal(weights[name], trained[level - 1].weights[name]) for name in weights)
        assert factors == ([whole_schedule[-1]] * 12 if rewind == "fine_tune" else whole_schedule)
        # A control has no trained weights to go on from: it trains from initialisation, over the whole schedule.
        weights, _, factors = seen[LotteryKey(level=level, control="shuffled")]
        assert all(torch.equal(weights[name], seen[LotteryKey()][0][name]) for name in weights)
        assert factors == whole_schedule
