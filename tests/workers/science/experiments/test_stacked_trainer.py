"""Replicates in lock-step say what each would say alone; resumed, diverged and left behind."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.lottery_runs import ran, resumed_from
from tests.workers.science.experiments.stacked_runs import (
    SLOTS,
    SMALL,
    STACKABLE,
    alone,
    evaluations,
    gathered,
    halves,
    headings,
    kept,
    lasting,
    running,
    small,
    stopped_at,
    together,
)
from workers.science.experiments.stacked_trainer import Request, Step, conduct
from workers.science.outputs import Output
from workers.science.stacked.network import StackedNetwork
from workers.science.train import loop
from workers.science.train.events import SlotEvent

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture(scope="module")
def whole() -> dict[int, list[Output]]:
    return together(small(), dict.fromkeys(range(SLOTS)))


def test_each_replicate_says_what_it_says_alone(whole: dict[int, list[Output]]) -> None:
    for replicate in range(SLOTS):
        theirs = alone(small(), replicate)
        assert headings(whole[replicate]) == headings(theirs)
        for mine, other in zip(
            (o for o in whole[replicate] if isinstance(o, Measured)),
            (o for o in theirs if isinstance(o, Measured)),
            strict=True,
        ):
            for name, column in mine.columns.items():
                # An example or a weight on the boundary may fall to the other side.
                tolerance = 5e-3 if "accuracy" in name or mine.series == "movement" else 1e-4
                assert column == pytest.approx(other.columns[name], rel=tolerance, abs=tolerance, nan_ok=True), name


def test_one_stacked_training_serves_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.science.experiments import stacked_trainer as module

    served: list[list[int]] = []
    train = module._train

    def spy(requests: Mapping[int, Request]) -> Iterator[SlotEvent]:
        served.append(sorted(requests))
        return train(requests)

    monkeypatch.setattr(module, "_train", spy)
    together(small(levels=1), dict.fromkeys(range(SLOTS)))
    assert served == [[0, 1, 2]] * 4


def test_progress_rises_to_the_total_for_each(whole: dict[int, list[Output]]) -> None:
    for outputs in whole.values():
        done = [output.done for output in outputs if isinstance(output, Progress)]
        assert done == sorted(done)
        assert done[-1] == small().units_per_replicate


@pytest.mark.parametrize("fields", [{}, {"rewind_step": 3}, {"rewind": "fine_tune", "schedule": {"kind": "warmup"}}])
def test_killed_anywhere_and_resumed_says_the_same_bits(fields: dict[str, Any]) -> None:
    """Each replicate resumes from a checkpoint of its own, and one has not begun: those behind catch up first."""
    spec = small(levels=1, **fields)
    whole = together(spec, dict.fromkeys(range(SLOTS)))
    cuts = {slot: stopped_at(whole[slot], checkpoint) for slot, checkpoint in ((0, 0), (1, 2))}
    again = together(spec, {0: cuts[0][1], 1: cuts[1][1], 2: None})
    for slot, (at, _) in cuts.items():
        assert lasting(again[slot]) == lasting(whole[slot][at + 1 :])
    assert lasting(again[2]) == lasting(whole[2])


@pytest.mark.parametrize(
    "fields",
    [
        *({"optimizer": {"kind": kind}} for kind in STACKABLE),
        {"rewind_step": 3},
        {"schedule": {"kind": "warmup"}},
        {"augmentation": "pad_crop_flip"},
        {"precision": "bfloat16"},
        # Past two looks at the losses.
        {"eval_every": 10, "branches": []},
    ],
    ids=str,
)
def test_killed_within_a_training_and_resumed_says_the_same_bits(
    fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two were saved at steps of their own and one never: those who are behind are joined by the others."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    if "eval_every" in fields:
        monkeypatch.setitem(loop.train.__kwdefaults__ or {}, "check_every", 4)
    spec = small(**{"levels": 1, "branches": [{"kind": "reinit"}]} | fields)
    whole = together(spec, dict.fromkeys(range(SLOTS)), every_s=0.0)
    unsaved = together(spec, dict.fromkeys(range(SLOTS)))
    for slot in range(SLOTS):
        assert kept(whole[slot]) == kept(unsaved[slot])
    keys, steps = zip(*halves(whole[0]), strict=True)
    assert steps[: spec.steps - 1] == tuple(range(1, spec.steps))
    # Who joins whom does not depend on the optimizer: for one of them all orders, for each of them two.
    orders = ((2, 6), (1, -2)) if fields.get("optimizer", SMALL["optimizer"]) != SMALL["optimizer"] else (
        (2, 6), (1, -2), (7, 3), (5, 5), (-1, -1)
    )  # fmt: skip
    for first, second in orders:
        cuts = {0: keys[first], 1: keys[second]}
        again = together(spec, {slot: resumed_from(whole[slot][: at + 1]) for slot, at in cuts.items()} | {2: None})
        for slot, at in cuts.items():
            assert kept(whole[slot][: at + 1]) + kept(again[slot]) == kept(whole[slot]), (slot, first, second)
        assert kept(again[2]) == kept(whole[2])
    alone = together(spec, {1: resumed_from(whole[1][: keys[4] + 1])})
    assert kept(whole[1][: keys[4] + 1]) + kept(alone[1]) == kept(whole[1])


def test_those_that_are_behind_are_joined_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at steps 2 and 7 of one training, both make the steps from 7 on in the same stack."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    spec = small(levels=1, branches=[])
    whole = together(spec, dict.fromkeys(range(2)), every_s=0.0)
    cuts = {slot: halves(whole[slot])[step - 1][0] for slot, step in ((0, 2), (1, 7))}
    forward, made = StackedNetwork.__call__, 0

    def count(self: StackedNetwork, x: torch.Tensor) -> torch.Tensor:
        nonlocal made
        made += torch.is_grad_enabled()
        return forward(self, x)

    monkeypatch.setattr(StackedNetwork, "__call__", count)
    together(spec, {slot: resumed_from(whole[slot][: at + 1]) for slot, at in cuts.items()})
    # Those of the first training from step 2 on, and the ticket's.
    assert made == spec.steps - 2 + spec.steps


def test_one_saved_in_a_stack_can_go_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the memory does not allow for more: up to rounding, with its optimizer where it stood."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    spec = small(levels=1, branches=[])
    outputs = together(spec, dict.fromkeys(range(SLOTS)), every_s=0.0)[1]
    at = next(at for at, step in halves(outputs) if step == 6)
    mine = evaluations(ran(spec, resumed_from(outputs[: at + 1]), 1))
    assert [row["step"] for row in mine[:2]] == [[8], [10]]
    for row, expected in zip(mine[:2], evaluations(outputs)[2:4], strict=True):
        assert row == {name: pytest.approx(column, rel=1e-4) for name, column in expected.items()}


def test_alone_in_the_stack_a_replicate_gives_the_same_bits(whole: dict[int, list[Output]]) -> None:
    """So that what is left of a group can go on without those that are done."""
    assert lasting(together(small(), {1: None})[1]) == lasting(whole[1])


def test_a_diverged_replicate_ends_and_the_others_do_not_notice(
    whole: dict[int, list[Output]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = StackedNetwork.put

    def spoil(self: StackedNetwork, slot: int, state: Mapping[str, torch.Tensor]) -> None:
        put(self, slot, {name: tensor * 1e18 for name, tensor in state.items()} if slot == 1 else state)

    monkeypatch.setattr(StackedNetwork, "put", spoil)
    mine = together(small(), dict.fromkeys(range(SLOTS)))
    for slot in (0, 2):
        assert lasting(mine[slot]) == lasting(whole[slot])
    (outcome,) = [o for o in mine[1] if isinstance(o, Measured) and o.series == "outcome"]
    assert outcome.key == LotteryKey()
    assert outcome.columns["diverged_step"][0] < 10
    assert isinstance(mine[1][-1], Progress)


def test_a_replicate_that_stops_listening_stops_nobody_else(whole: dict[int, list[Output]]) -> None:
    replicates = running(small(), dict.fromkeys(range(SLOTS)))

    def leaving(outputs: Iterator[Step]) -> Iterator[Step]:
        for n, output in enumerate(outputs):
            yield output
            if n == 5:
                return

    replicates[0] = leaving(replicates[0])
    mine = gathered(conduct(replicates))
    assert len(mine[0]) < 6
    for slot in (1, 2):
        assert lasting(mine[slot]) == lasting(whole[slot])


def test_when_nobody_listens_training_ends() -> None:
    """A cancelled group does not train on to the end of its training."""
    replicates = running(small(steps=1_000_000, eval_every=1_000_000), dict.fromkeys(range(2)))

    def leaving(outputs: Iterator[Step]) -> Iterator[Step]:
        for output in outputs:
            yield output
            if isinstance(output, Progress) and output.step > 5:
                return

    assert gathered(conduct({slot: leaving(outputs) for slot, outputs in replicates.items()})).keys() == {0, 1}
