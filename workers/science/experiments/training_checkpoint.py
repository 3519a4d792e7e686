"""Save a training between two steps, and resume it."""

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
    """One unfinished training: `values` is small JSON, `tensors` the rest by name, some of them the experiment's."""

    key: TrainingKey
    values: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors kept under `name`."""
        return _part(self.tensors, name)

    @property
    def step(self) -> int:
        """Return the number of updates that were made."""
        step: int = self.values["loop"]["step"]
        return step

    def state(self, device: torch.device) -> LoopState:
        """Return the state of its loop, for a network on `device`."""
        loop = self.values["loop"]
        losses = [loss.to(device) for loss in self.part("loop").get("losses", torch.zeros(0))]
        return LoopState(self.step, losses, loop["summed"], loop["counted"], self.values.get("lost"))

    def enter(self, layout: Layout, optimizers: Sequence[torch.optim.Optimizer], slot: int) -> None:
        """Restore network and optimizers of a slot. Raises RuntimeError, KeyError, ValueError."""
        layout.load(slot, self.part("network"))
        layout.restore(optimizers, slot, self.values["optimizers"], self.part("optimizers"))

    def load(self, hooks: Iterable[Hook], slot: int) -> None:
        """Restore the state that hooks have of a slot."""
        for hook in hooks:
            if hook.name:
                hook.load(slot, self.part(hook.name))


def save(
    key: TrainingKey,
    state: LoopState,
    network: Mapping[str, Tensor],
    optimizers: tuple[list[Any], Mapping[str, Tensor]],
    **parts: Mapping[str, Tensor],
) -> TrainingCheckpoint:
    """Return a training as it is now: what its layout gives of `network` and `optimizers`, and `parts` by name."""
    values, remembered = optimizers
    tensors_of: dict[str, Mapping[str, Tensor]] = {"network": network, "optimizers": remembered, **parts}
    if state.losses:
        tensors_of["loop"] = {"losses": torch.stack(state.losses)}
    return TrainingCheckpoint(
        key,
        {
            "key": key.model_dump(),
            "loop": {"step": state.step, "summed": state.summed, "counted": state.counted},
            "optimizers": values,
            "lost": state.lost,
        },
        {
            f"{part}/{name}": tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for part, tensors in tensors_of.items()
            for name, tensor in tensors.items()
        },
    )


def hook_states(hooks: Iterable[Hook], slot: int) -> dict[str, Mapping[str, Tensor]]:
    """Return the state that named hooks have of a slot, as parts of a checkpoint."""
    return {hook.name: state for hook in hooks if hook.name and (state := hook.state(slot))}


def pack_all(trainings: Iterable[TrainingCheckpoint]) -> tuple[list[Mapping[str, Any]], dict[str, Tensor]]:
    """Return several unfinished trainings as the JSON of a checkpoint, and its tensors."""
    several = list(trainings)
    tensors = {f"{i}/{name}": tensor for i, one in enumerate(several) for name, tensor in one.tensors.items()}
    return [training.values for training in several], tensors


def unpack_all(
    packed: Sequence[Mapping[str, Any]], tensors: Mapping[str, Tensor], key_type: type[TrainingKey]
) -> list[TrainingCheckpoint]:
    """Return what `pack_all` packed, for trainings whose keys are of `key_type`."""
    return [
        TrainingCheckpoint(key_type.model_validate(values["key"]), values, _part(tensors, str(i)))
        for i, values in enumerate(packed)
    ]


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {path.removeprefix(f"{name}/"): t for path, t in tensors.items() if path.startswith(f"{name}/")}
