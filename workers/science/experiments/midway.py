"""A training that is half done, as a checkpoint keeps it: its course, weights, optimizers, and what was said of it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import torch
from torch import Tensor, nn

from app.contract.events import Place
from workers.science.course import Course
from workers.science.optim import state as optimizer_state

EVERY_S = 15.0
"""Seconds of training that a kill may cost."""


@dataclass(frozen=True)
class Midway:
    """`told` is small JSON, `tensors` the rest by name; some of them are the experiment's own."""

    place: Place
    told: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors kept under `name`."""
        return {key.removeprefix(f"{name}/"): t for key, t in self.tensors.items() if key.startswith(f"{name}/")}

    def restore(self, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> Course:
        """Set network and optimizers to where they were, and return the course. Raises RuntimeError, ValueError."""
        network.load_state_dict(self.part("network"))
        optimizer_state.load(optimizers, self.told["optimizers"], self.part("optimizers"))
        return self.course(next(network.parameters()).device)

    def course(self, device: torch.device) -> Course:
        """Where it stood, for a network on `device`."""
        course = self.told["course"]
        losses = [loss.to(device) for loss in self.part("course").get("losses", torch.zeros(0))]
        return Course(course["step"], losses, course["summed"], course["counted"])


def save(
    place: Place,
    course: Course,
    network: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    **parts: Mapping[str, Tensor],
) -> Midway:
    """A training as it stands, and `parts` of the experiment's own, by name."""
    return pack(place, course, network.state_dict(), optimizer_state.dump(optimizers), **parts)


def pack(
    place: Place,
    course: Course,
    network: Mapping[str, Tensor],
    optimizers: tuple[list[Any], Mapping[str, Tensor]],
    **parts: Mapping[str, Tensor],
) -> Midway:
    """The same from the network's state dict, and what `optim.state.dump` tells of the optimizers."""
    told, remembered = optimizers
    kept: dict[str, Mapping[str, Tensor]] = {"network": network, "optimizers": remembered, **parts}
    if course.losses:
        kept["course"] = {"losses": torch.stack(course.losses)}
    return Midway(
        place,
        {
            "place": place.model_dump(),
            "course": {"step": course.step, "summed": course.summed, "counted": course.counted},
            "optimizers": told,
            "lost": course.lost,
        },
        {
            f"{name}/{key}": tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensors in kept.items()
            for key, tensor in tensors.items()
        },
    )


def pack_all(begun: Iterable[Midway]) -> tuple[list[Mapping[str, Any]], dict[str, Tensor]]:
    """Several of them as what a checkpoint tells, and its tensors."""
    several = list(begun)
    tensors = {f"{i}/{key}": tensor for i, each in enumerate(several) for key, tensor in each.tensors.items()}
    return [each.told for each in several], tensors


def all_of(told: Sequence[Mapping[str, Any]] | Mapping[str, Any], tensors: Mapping[str, Tensor]) -> list[Midway]:
    """The inverse of `pack_all`; what older versions told is a single one."""
    if isinstance(told, Mapping):
        return [Midway(Place.model_validate(told["place"]), told, tensors)]
    whole = Midway(Place(), {}, tensors)
    return [Midway(Place.model_validate(each["place"]), each, whole.part(str(i))) for i, each in enumerate(told)]


@dataclass(frozen=True)
class Due:
    """Said by a training between two steps: it is time to save it."""


@dataclass
class Clock:
    """Says when a training should be saved: every `every_s` seconds, and when hurried."""

    every_s: float = EVERY_S
    _last: float = field(default_factory=time.monotonic)

    def hurry(self) -> None:
        """Have it be time at once."""
        self._last = -inf

    def due(self) -> bool:
        """Whether it is time; then the next interval begins."""
        now = time.monotonic()
        if now - self._last < self.every_s:
            return False
        self._last = now
        return True
