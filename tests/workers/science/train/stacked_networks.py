"""Networks trained alone and in a stack."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from app.contract.params import OptimizerParams
from app.methods.catalog import CATALOG
from tests.workers.science.models import narrow
from workers.science.data import augmentation, digits
from workers.science.data.dataset import Dataset, Split
from workers.science.models.conv import conv_network
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import sgd
from workers.science.random import generator
from workers.science.stacked.network import StackedNetwork
from workers.science.train import loop
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.evaluation import Evaluate
from workers.science.train.events import Evaluated, Event, SlotEvent
from workers.science.train.masks import Masks
from workers.science.train.rates import Rates
from workers.science.train.stacked import Stacked
from workers.science.train.state import LoopState

SHAPE = (1, 8, 8)

MODELS: Mapping[str, Callable[..., nn.Module]] = {
    "lenet": narrow.build,
    "small_conv": partial(conv_network, widths=(3, 5)),
}

STACKABLE = {
    key
    for key, entry in CATALOG["optimizer"].items()
    if issubclass(entry.params, OptimizerParams) and entry.params.elementwise and entry.params.gradients == 1
}

EXPLODE = partial(sgd.build, lr=100.0, weight_decay=1.0)


@cache
def data() -> Dataset:
    """Digits, with fewer rows to evaluate; pieces of evaluation are cut all the same."""
    whole = digits.load(Path())
    return Dataset("few", whole.train, whole.validation, Split(whole.test.x[:100], whole.test.y[:100]), 10)


@cache
def precise() -> Dataset:
    """The same in double precision, where rounding flips no sign of an update."""
    first, validation, test = (Split(s.x.double(), s.y) for s in (data().train, data().validation, data().test))
    return Dataset("few", first, validation, test, 10)


def batches(slot: int, *, cut: bool = False) -> Batches:
    n = len(data().train)
    return Batches(
        n,
        20,
        lambda epoch: torch.randperm(n, generator=generator(5, slot, "order", epoch)),
        (lambda epoch: augmentation.draw(n, generator(5, slot, "cuts", epoch))) if cut else None,
    )


def network(model: Callable[..., nn.Module], slot: int, scale: float = 1.0) -> nn.Module:
    made = model(SHAPE, 10)
    initialise(made, generator(5, slot, "init"))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(scale)
    return made


def masks(model: nn.Module, slot: int, density: float) -> dict[str, Tensor] | None:
    if density == 1:
        return None
    return {
        name: torch.rand(layer.shape, generator=generator(5, slot, name)) < density
        for name, layer in prunable(model).items()
    }


def alone(networks: Mapping[int, nn.Module], optimizer: Callable[..., Any], **knobs: Any) -> dict[int, list[Event]]:
    """The events of plain trainings, one after the other."""
    own, seen, cut = knobs.pop("masks", {}), knobs.pop("data", data()), knobs.pop("cut", False)
    autocast = knobs.pop("autocast", None)
    return {
        slot: list(
            train_alone(
                Dense(model, autocast=autocast), seen, optimizer(model), batches(slot, cut=cut), masks=own.get(slot),
                **knobs,
            )
        )
        for slot, model in networks.items()
    }  # fmt: skip


def together(
    networks: Mapping[int, nn.Module], slots: int, optimizer: Callable[..., Any], **knobs: Any
) -> tuple[StackedNetwork, Iterator[SlotEvent]]:
    """A stack of the networks, and its training."""
    own, seen, cut = knobs.pop("masks", {}), knobs.pop("data", data()), knobs.pop("cut", False)
    stack = StackedNetwork(next(iter(networks.values())), slots)
    for slot, model in networks.items():
        stack.put(slot, model.state_dict())
    states = {slot: LoopState(knobs.get("start", 0)) for slot in networks}
    return stack, train(
        stack, seen, optimizer(stack.module), {slot: batches(slot, cut=cut) for slot in networks}, own, states, **knobs
    )


def train(
    stack: StackedNetwork,
    seen: Dataset,
    optimizers: list[torch.optim.Optimizer],
    examples: Mapping[int, Batches],
    own: Mapping[int, dict[str, Tensor] | None],
    states: Mapping[int, LoopState],
    *,
    steps: int,
    eval_every: int,
    factor: Callable[[int], float] | None = None,
    autocast: torch.dtype | None = None,
    **knobs: Any,
) -> Iterator[SlotEvent]:
    """Train the networks that are in the slots of `states` already."""
    layout = Stacked(stack, autocast=autocast)
    hooks = [
        Masks(layout, {slot: masks for slot, masks in own.items() if masks is not None}),
        *([Rates(optimizers, factor)] if factor is not None else []),
        Evaluate(layout, seen),
    ]
    return loop.train(
        layout, optimizers, layout.feed(seen, examples, steps), states, hooks,
        steps=steps, measured=loop.Every(eval_every, steps), **knobs,
    )  # fmt: skip


def by_slot(moments: Iterator[SlotEvent]) -> dict[int, list[Event]]:
    told: dict[int, list[Event]] = defaultdict(list)
    for slot, moment in moments:
        told[slot].append(moment)
    return told


def rows(moments: list[Event]) -> list[Evaluated]:
    return [moment for moment in moments if isinstance(moment, Evaluated)]


def assert_same_course(mine: list[Event], theirs: list[Event], rel: float) -> None:
    assert [row.step for row in rows(mine)] == [row.step for row in rows(theirs)]
    for a, b in zip(rows(mine), rows(theirs), strict=True):
        for name in ("train_loss", "validation_loss", "test_loss"):
            assert getattr(a, name) == pytest.approx(getattr(b, name), rel=rel, nan_ok=True), (name, a.step)
        # A rounding may move an example or two across the boundary.
        assert abs(a.validation_accuracy - b.validation_accuracy) <= 2 / len(data().validation)
        assert abs(a.test_accuracy - b.test_accuracy) <= 2 / len(data().test)
