"""Pruning during a training: against a loop written out, resumed within a training, in a stack, and its controls."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from tests.workers.science.experiments.lottery_runs import (
    NOWHERE,
    SHAPES,
    outcomes,
    rows,
    saved,
    unstacked,
)
from tests.workers.science.experiments.stacked_runs import gathered, headings, running
from workers.science.data import digits
from workers.science.experiments.clock import Clock
from workers.science.experiments.lottery import run
from workers.science.experiments.stacked_trainer import conduct
from workers.science.experiments.ticket import masks_of
from workers.science.models import lenet_300_100
from workers.science.outputs import Checkpoint, Output, Resume
from workers.science.random import generator

SMALL: dict[str, Any] = {
    "kind": "lottery",
    "dataset": {"kind": "digits"},
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam"},
    "steps": 20,
    "batch_size": 60,
    "eval_every": 5,
    "pruning": {"kind": "gradual_magnitude", "rate": 0.6, "begin": 0.1, "end": 0.7, "every": 3},
    "mode": "one_shot",
    "levels": 2,
    "branches": [{"kind": "random_pruning", "draws": 2}, {"kind": "reinit"}, {"kind": "shuffled"}],
}
FULL = {name: torch.ones(shape, dtype=torch.bool) for name, shape in SHAPES.items()}


def small(**fields: Any) -> LotterySpec:
    return LotterySpec.model_validate(SMALL | fields)


def ran(spec: LotterySpec, resume: Resume | None = None, every_s: float = inf) -> list[Output]:
    return list(unstacked(run(spec, 0, datasets_dir=NOWHERE, resume=resume, clock=Clock(every_s))))


@pytest.fixture(scope="module")
def whole() -> list[Output]:
    return ran(small())


def masks(
    outputs: Sequence[Output], level: int, control: str = "winning_ticket", draw: int = 0
) -> Mapping[str, Tensor]:
    """The masks of a training: a ticket's are stored against those of the level before, a control's against it."""
    encoded = saved(outputs, "mask")
    found: Mapping[str, Tensor] = FULL
    for before in range(level + 1):
        found = masks_of(encoded[LotteryKey(level=before)], found)
    if control != "winning_ticket":
        found = masks_of(encoded[LotteryKey(level=level, control=control, draw=draw)], found)
    return found


def counts(found: Mapping[str, Tensor]) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in found.items()}


def written_out(whole: list[Output], level: int) -> tuple[dict[str, np.ndarray], dict[str, Tensor]]:
    """A loop of its own over the same batches: Adam, the paper's formula, and NumPy's sort."""
    data, spec = digits.load(NOWHERE).train, small()
    model = lenet_300_100.build((1, 8, 8), 10)
    model.load_state_dict(dict(saved(whole, "init")[LotteryKey()]))
    optimizer = torch.optim.Adam(model.parameters(), lr=spec.optimizer.lr, fused=True)
    order = torch.randperm(len(data), generator=generator(spec.seed, 0, "order", 0))
    kept = {name: np.ones(shape, dtype=bool) for name, shape in SHAPES.items()}
    # begin 0.1 and end 0.7 of 20 steps, every 3: after 5, 8, 11 and 14 updates.
    prunings = {5: 1, 8: 2, 11: 3, 14: 4}
    for step in range(20):
        rows = order[60 * step : 60 * step + 60]
        optimizer.zero_grad()
        cross_entropy(model(data.x[rows]), data.y[rows]).backward()  # type: ignore[no-untyped-call]
        for name, mask in kept.items():
            gradient = model.get_parameter(name).grad
            assert gradient is not None
            gradient.mul_(torch.from_numpy(mask))
        optimizer.step()
        for name, mask in kept.items():
            weight = model.get_parameter(name).detach()
            weight.mul_(torch.from_numpy(mask))
            if step + 1 in prunings:
                n = mask.size
                final = n
                for _ in range(level):
                    final -= round(0.6 * final)
                left = final + round((n - final) * (1 - prunings[step + 1] / 4) ** 3)
                magnitudes = np.where(mask, np.abs(weight.numpy()), -1).ravel()
                keep = np.argsort(-magnitudes, kind="stable")[:left]
                mask[:] = False
                mask.ravel()[keep] = True
                weight.mul_(torch.from_numpy(mask))
    return kept, {name: tensor.detach() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("level", [1, 2])
def test_masks_and_weights_are_those_of_a_loop_written_out(whole: list[Output], level: int) -> None:
    kept, weights = written_out(whole, level)
    found = masks(whole, level)
    ticket = saved(whole, "ticket")[LotteryKey(level=level)]
    for name, mask in kept.items():
        assert np.array_equal(found[name].numpy(), mask)
        torch.testing.assert_close(ticket[f"{name}.values"], weights[name][found[name]], rtol=1e-5, atol=1e-6)
    share = sum(int(mask.sum()) for mask in kept.values()) / sum(mask.size for mask in kept.values())
    assert outcomes(whole)[LotteryKey(level=level)]["density"] == share


def test_an_early_stop_is_one_of_the_network_that_has_its_density() -> None:
    """The loss rises as nearly all weights are pruned: the lowest one before that belongs to a denser network."""
    pruning = {"kind": "gradual_magnitude", "rate": 0.99, "begin": 0.4, "end": 0.7, "every": 3}
    outputs = ran(small(pruning=pruning, levels=1, branches=[], eval_every=1))
    losses: dict[float, float] = {
        row["step"]: row["validation_loss"] for key, row in rows(outputs, "evaluation") if key.level == 1
    }
    found = outcomes(outputs)[LotteryKey(level=1)]
    assert min(losses, key=losses.__getitem__) < 14, "the lowest loss of all is that of a denser network"
    after = {step: loss for step, loss in losses.items() if step >= 14}
    assert found["early_stop_step"] == min(after, key=after.__getitem__)
    assert found["early_stop_validation_loss"] == min(after.values())


def test_densities_are_those_that_the_spec_announces(whole: list[Output]) -> None:
    for level in (1, 2):
        density = outcomes(whole)[LotteryKey(level=level)]["density"]
        assert density == pytest.approx(small().density(level), abs=1e-12)
        measured = dict(rows(whole, "layers"))  # the last layer's row of each training
        assert measured[LotteryKey(level=level)]["kept"] == counts(masks(whole, level))["fc3.weight"]


def test_random_pruning_loses_as_many_weights_of_each_layer_and_others(whole: list[Output]) -> None:
    for level in (1, 2):
        ticket = masks(whole, level)
        draws = [masks(whole, level, "random_pruning", draw) for draw in range(2)]
        assert counts(ticket) == counts(draws[0]) == counts(draws[1])
        for name in ("fc1.weight", "fc2.weight"):
            share = float(ticket[name].float().mean())
            for a, b in ((ticket, draws[0]), (ticket, draws[1]), (draws[0], draws[1])):
                common = float((a[name] & b[name]).float().mean())
                # As much as chance: independent masks share the square of their density.
                assert common == pytest.approx(share**2, abs=0.02)


def test_static_controls_have_the_mask_that_was_found(whole: list[Output]) -> None:
    for level in (1, 2):
        assert all(torch.equal(masks(whole, level, "reinit")[n], m) for n, m in masks(whole, level).items())
        assert counts(masks(whole, level, "shuffled")) == counts(masks(whole, level))


def test_levels_of_an_iterative_run_go_on_from_the_masks_before(whole: list[Output]) -> None:
    outputs = ran(small(mode="iterative", branches=[]))
    first, second = masks(outputs, 1), masks(outputs, 2)
    assert all(torch.equal(first[name], masks(whole, 1)[name]) for name in first)
    assert all(not (second[name] & ~first[name]).any() for name in first)
    assert counts(second) == counts(masks(whole, 2))


def test_a_stack_says_what_each_says_alone() -> None:
    """The ticket by itself, as its controls are made of its masks; then all of these at once, in two replicates."""
    spec = small()
    stacks = spec.stack_groups(8)
    assert stacks == ["random_pruning/0 random_pruning/1 reinit/0 shuffled/0"]
    whole = gathered(conduct(running(spec, {0: None, 1: None}, 2, inf, stacks)))
    for replicate in (0, 1):
        alone = list(unstacked(run(spec, replicate, datasets_dir=NOWHERE, clock=Clock(inf))))
        mine = [output for output in whole[replicate] if not isinstance(output, Checkpoint)]
        theirs = [output for output in alone if not isinstance(output, Checkpoint)]
        assert headings(mine) == headings(theirs)
        for level in (1, 2):
            for name, mask in masks(alone, level).items():
                # A weight at the threshold may fall to the other side: other orders of additions.
                assert (masks(mine, level)[name] ^ mask).sum() <= max(2, 2e-4 * mask.numel())
            assert counts(masks(mine, level)) == counts(masks(alone, level))
        for a, b in zip(
            (o for o in mine if isinstance(o, Measured) and o.series == "evaluation"),
            (o for o in theirs if isinstance(o, Measured) and o.series == "evaluation"),
            strict=True,
        ):
            assert a.columns["test_loss"] == pytest.approx(b.columns["test_loss"], rel=5e-3)
