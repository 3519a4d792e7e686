"""Hooks act at their moments, on the slots that are live, and what they remember comes back with a checkpoint."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from app.kinds.lottery.spec import LotteryKey
from workers.science.data import digits
from workers.science.experiments import training_checkpoint
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import adam, sgd
from workers.science.pruning.magnitude import prune_smallest
from workers.science.random import generator
from workers.science.stacked.network import StackedNetwork
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Diverged, SlotEvent, Tick
from workers.science.train.hooks import Enter, Hook
from workers.science.train.layout import Layout
from workers.science.train.loop import train
from workers.science.train.masks import Masks
from workers.science.train.stacked import Stacked
from workers.science.train.state import LoopState

DATA = digits.load(Path())
STEPS = 12


def network(seed: int = 0) -> nn.Module:
    model = lenet_300_100.build((1, 8, 8), 10)
    initialise(model, generator(seed, "init"))
    return model


def batches() -> Batches:
    n = len(DATA.train)
    return Batches(n, 60, lambda epoch: torch.randperm(n, generator=generator(0, "order", epoch)))


def full(model: nn.Module) -> dict[str, Tensor]:
    return {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}


class Gradual(Hook):
    """Prunes a tenth of what each layer still keeps after every third step, by magnitude; counts its rounds."""

    name: ClassVar[str] = "gradual"

    def __init__(self, layout: Layout, masks: Masks) -> None:
        self._layout, self._masks = layout, masks
        self.rounds: dict[int, int] = {}

    def after_step(self, step: int, live: Collection[int]) -> None:
        if step % 3 == 2:
            for slot in live:
                weights, masks = self._layout.state(slot), self._masks.masks(slot)
                self.rounds[slot] = self.rounds.get(slot, 0) + 1
                fewer = {name: prune_smallest(weights[name], m, int(m.sum()) // 10) for name, m in masks.items()}
                self._masks.change(slot, fewer)

    def state(self, slot: int) -> dict[str, Tensor]:
        return {"rounds": torch.tensor(self.rounds.get(slot, 0))}

    def load(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        self.rounds[slot] = int(tensors["rounds"])


Saved = dict[int, dict[int, TrainingCheckpoint]]
"""By step and slot."""


def pruned(layout: Layout, slots: Collection[int], begun: Mapping[int, TrainingCheckpoint]) -> tuple[Saved, Gradual]:
    """Train with gradual pruning and save each slot after each step; those that had `begun` go on."""
    model = network()
    optimizers = adam.build(layout.network)
    masks = Masks(layout, dict.fromkeys(slots, full(model)))
    gradual = Gradual(layout, masks)

    def enter(slot: int) -> None:
        if slot in begun:
            begun[slot].enter(layout, optimizers, slot)
        else:
            layout.load(slot, network(slot).state_dict())

    hooks = [Enter({slot: lambda slot=slot: enter(slot) for slot in slots}), masks, gradual]  # type: ignore[misc]
    states = {slot: begun[slot].state(torch.device("cpu")) if slot in begun else LoopState() for slot in slots}
    for slot in begun:
        begun[slot].load(hooks, slot)
    feed = layout.feed(DATA, dict.fromkeys(slots, batches()), STEPS)
    saved: Saved = {}
    events = train(layout, optimizers, feed, states, hooks, steps=STEPS, stops=range(STEPS + 1))
    for slot, event in events:
        if isinstance(event, Tick) and (event.between or event.step == STEPS):
            saved.setdefault(event.step, {})[slot] = training_checkpoint.save(
                LotteryKey(),
                states[slot],
                layout.raw(slot),
                layout.memory(optimizers, slot),
                **training_checkpoint.hook_states(hooks, slot),
            )
    return saved, gradual


def layout(slots: int) -> Layout:
    return Dense(network()) if slots == 1 else Stacked(StackedNetwork(network(), slots))


def same(one: TrainingCheckpoint, other: TrainingCheckpoint) -> bool:
    """To the bit: weights, optimizers, losses and what hooks remember."""
    return (
        one.values == other.values
        and one.tensors.keys() == other.tensors.keys()
        and all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    )


@pytest.mark.parametrize("slots", [1, 2])
def test_masks_that_change_in_mid_training_change_alike_when_it_is_resumed(slots: int) -> None:
    whole, gradual = pruned(layout(slots), range(slots), {})
    assert gradual.rounds == dict.fromkeys(range(slots), STEPS // 3)
    for step in (1, 3, 4, 8, 11):
        rest, resumed = pruned(layout(slots), range(slots), whole[step])
        assert resumed.rounds == gradual.rounds
        for slot in range(slots):
            assert all(same(rest[later][slot], whole[later][slot]) for later in range(step + 1, STEPS))


def test_what_is_pruned_in_mid_training_is_zero_from_then_on() -> None:
    whole, _ = pruned(layout(1), [0], {})
    kept = 64 * 300
    for step in range(3, STEPS):
        saved = whole[step][0]
        mask, weight = saved.part("masks")["fc1.weight"], saved.part("network")["fc1.weight"]
        if step % 3 == 0:
            kept -= kept // 10
        assert int(mask.sum()) == kept
        assert not weight[~mask].any()
        assert weight[mask].all()


def test_one_saved_later_joins_with_its_own_masks() -> None:
    """Slot 1 stood at step 7, slot 0 at step 4: they meet there."""
    whole, _ = pruned(layout(2), range(2), {})
    rest, _ = pruned(layout(2), range(2), {0: whole[4][0], 1: whole[7][1]})
    assert sorted(rest[5]) == [0]
    for step in range(8, STEPS):
        assert all(same(rest[step][slot], whole[step][slot]) for slot in range(2))


class Diary(Hook):
    """Writes down when it is called, and for which slots."""

    def __init__(self, doomed: int | None = None) -> None:
        self.calls: list[tuple[str, int, list[int]]] = []
        self._doomed = doomed

    def on_join(self, slot: int) -> None:
        self.calls.append(("join", -1, [slot]))

    def before_step(self, step: int, live: Collection[int]) -> None:
        self.calls.append(("before", step, list(live)))

    def after_backward(self, step: int, live: Collection[int]) -> None:
        self.calls.append(("backward", step, list(live)))

    def after_step(self, step: int, live: Collection[int]) -> None:
        self.calls.append(("after", step, list(live)))

    def measure(self, step: int, means: Mapping[int, float]) -> Iterator[SlotEvent]:
        self.calls.append(("measure", step, list(means)))
        if self._doomed is not None and step:
            yield self._doomed, Diverged(step)

    def at_end(self, live: Collection[int]) -> Iterator[SlotEvent]:
        self.calls.append(("end", -1, list(live)))
        return iter(())


def test_each_moment_comes_in_its_order_for_those_that_are_live() -> None:
    stacked = layout(2)
    diary = Diary(doomed=0)
    feed = stacked.feed(DATA, dict.fromkeys(range(2), batches()), 3)
    events = list(
        train(
            stacked,
            sgd.build(stacked.network),
            feed,
            {slot: LoopState() for slot in range(2)},
            [diary],
            steps=3,
            measured={2},
        )
    )
    step = [("before", [0, 1]), ("backward", [0, 1]), ("after", [0, 1])]
    assert diary.calls == [
        ("join", -1, [0]),
        ("join", -1, [1]),
        ("measure", 0, [0, 1]),
        *((name, 0, live) for name, live in step),
        *((name, 1, live) for name, live in step),
        ("measure", 2, [0, 1]),
        *((name, 2, [1]) for name, _ in step),
        ("end", -1, [1]),
    ]
    assert [(slot, event) for slot, event in events if isinstance(event, Diverged)] == [(0, Diverged(2))]


def test_one_that_had_diverged_when_it_was_saved_says_so_and_is_not_trained() -> None:
    dense, diary = layout(1), Diary()
    feed = dense.feed(DATA, {0: batches()}, 3)
    events = list(train(dense, sgd.build(dense.network), feed, {0: LoopState(2, lost=1)}, [diary], steps=3))
    assert events == [(0, Diverged(1))]
    assert diary.calls == []
