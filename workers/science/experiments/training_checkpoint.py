"""A training that is half done, as a checkpoint keeps it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from app.contract.training_key import TrainingKey
from workers.science.train.hooks import Hook
from workers.science.train.layout import Layout
from workers.science.train.state import LoopState


@dataclass(frozen=True)
class TrainingCheckpoint:
    """`values` is small JSON, `tensors` the rest by name; some of them are the experiment's own."""

    place: TrainingKey
    values: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors kept under `name`."""
        return _part(self.tensors, name)

    @property
    def step(self) -> int:
        """The number of updates that had been made."""
        step: int = self.values["course"]["step"]
        return step

    def state(self, device: torch.device) -> LoopState:
        """Return where the loop stood, for a network on `device`."""
        kept = self.values["course"]
        losses = [loss.to(device) for loss in self.part("course").get("losses", torch.zeros(0))]
        return LoopState(self.step, losses, kept["summed"], kept["counted"], self.values.get("lost"))

    def enter(self, layout: Layout, optimizers: Sequence[torch.optim.Optimizer], slot: int) -> None:
        """Set network and optimizers of a slot to where they were. Raises RuntimeError, KeyError, ValueError."""
        layout.load(slot, self.part("network"))
        layout.restore(optimizers, slot, self.values["optimizers"], self.part("optimizers"))

    def load(self, hooks: Iterable[Hook], slot: int) -> None:
        """Give hooks what they had to remember of a slot."""
        for hook in hooks:
            if hook.name:
                hook.load(slot, self.part(hook.name))


def save(
    place: TrainingKey,
    state: LoopState,
    network: Mapping[str, Tensor],
    optimizers: tuple[list[Any], Mapping[str, Tensor]],
    **parts: Mapping[str, Tensor],
) -> TrainingCheckpoint:
    """Return a training as it stands: what its layout gives of `network` and `optimizers`, and `parts` by name."""
    values, remembered = optimizers
    kept: dict[str, Mapping[str, Tensor]] = {"network": network, "optimizers": remembered, **parts}
    if state.losses:
        kept["course"] = {"losses": torch.stack(state.losses)}
    return TrainingCheckpoint(
        place,
        {
            "place": place.model_dump(),
            "course": {"step": state.step, "summed": state.summed, "counted": state.counted},
            "optimizers": values,
            "lost": state.lost,
        },
        {
            f"{name}/{key}": tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensors in kept.items()
            for key, tensor in tensors.items()
        },
    )


def hook_states(hooks: Iterable[Hook], slot: int) -> dict[str, Mapping[str, Tensor]]:
    """Return what named hooks have to remember of a slot, as parts of a checkpoint."""
    return {hook.name: state for hook in hooks if hook.name and (state := hook.state(slot))}


def pack_all(begun: Iterable[TrainingCheckpoint]) -> tuple[list[Mapping[str, Any]], dict[str, Tensor]]:
    """Return several of them as the JSON of a checkpoint, and its tensors."""
    several = list(begun)
    tensors = {f"{i}/{key}": tensor for i, each in enumerate(several) for key, tensor in each.tensors.items()}
    return [each.values for each in several], tensors


def all_of(
    saved: Sequence[Mapping[str, Any]] | Mapping[str, Any], tensors: Mapping[str, Tensor], key: type[TrainingKey]
) -> list[TrainingCheckpoint]:
    """Return what `pack_all` packed; older versions kept a single one."""
    if isinstance(saved, Mapping):
        return [TrainingCheckpoint(key.model_validate(saved["place"]), saved, tensors)]
    return [
        TrainingCheckpoint(key.model_validate(each["place"]), each, _part(tensors, str(i)))
        for i, each in enumerate(saved)
    ]


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}/"): t for key, t in tensors.items() if key.startswith(f"{name}/")}
