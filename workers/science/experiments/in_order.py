"""Trainings that are made at once and logged one after the other: what would come too early is kept back.

So the log of a replicate is what it would be if each had waited for the one before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor

from app.contract.events import Measured
from app.contract.training_key import TrainingKey
from workers.science.outputs import Tensors

Logged: TypeAlias = Measured | Tensors
"""What goes into the log."""


@dataclass(frozen=True)
class KeptBack:
    """The outputs `kept` back of each training, and which of these have `ended`."""

    kept: Mapping[TrainingKey, Sequence[Logged]] = field(default_factory=dict)
    ended: Sequence[TrainingKey] = ()


class InOrder:
    """Pass on the outputs of the first of `places` that has not ended, and keep back those of the others.

    `back` is what one of these had kept back before.
    """

    def __init__(self, places: Iterable[TrainingKey], back: KeptBack) -> None:
        self._waiting = dict.fromkeys(places)
        self._kept = {place: list(outputs) for place, outputs in back.kept.items()}
        self._ended = set(back.ended)

    def due(self) -> list[Logged]:
        """Return what was kept back and may be logged now."""
        logged: list[Logged] = []
        while (first := self.first) is not None:
            logged += self._kept.pop(first, ())
            if first not in self._ended:
                break
            self._ended.discard(first)
            del self._waiting[first]
        return logged

    def add(self, place: TrainingKey, output: Logged) -> list[Logged]:
        """Take an output of the training at `place`; return what may be logged now."""
        self._kept.setdefault(place, []).append(output)
        return self.due()

    def end(self, place: TrainingKey) -> list[Logged]:
        """End the training at `place`; return what may be logged now that waited for it."""
        self._ended.add(place)
        return self.due()

    @property
    def first(self) -> TrainingKey | None:
        """The training whose turn it is; None when all have been logged."""
        return next(iter(self._waiting), None)

    def waits(self, place: TrainingKey) -> bool:
        """Return whether the training has not been logged to its end."""
        return place in self._waiting

    def ended(self, place: TrainingKey) -> bool:
        """Return whether it has ended, and waits to be logged."""
        return place in self._ended

    @property
    def back(self) -> KeptBack:
        """The outputs that are kept back now."""
        kept = {place: tuple(self._kept[place]) for place in self._waiting if self._kept.get(place)}
        return KeptBack(kept, [place for place in self._waiting if place in self._ended])


def pack(back: KeptBack) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return what is kept back as JSON and the tensors that it names, for a checkpoint."""
    tensors: dict[str, Tensor] = {}
    outputs_of = [[place.model_dump(), [_packed(output, f"{i}.{j}", tensors) for j, output in enumerate(outputs)]]
            for i, (place, outputs) in enumerate(back.kept.items())]  # fmt: skip
    return {"kept": outputs_of, "ended": [place.model_dump() for place in back.ended]}, tensors


def unpack(state: Mapping[str, Any], tensors: Mapping[str, Tensor], key: type[TrainingKey]) -> KeptBack:
    """Return what `pack` packed, for trainings that have such a `key`."""
    kept = {
        key.model_validate(place): [_unpacked(output, f"{i}.{j}", tensors, key) for j, output in enumerate(outputs)]
        for i, (place, outputs) in enumerate(state["kept"])
    }
    return KeptBack(kept, [key.model_validate(place) for place in state["ended"]])


def _packed(output: Logged, name: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    place = output.key.model_dump()
    if isinstance(output, Measured):
        # Not as JSON, which has no NaN.
        tensors[name] = torch.tensor(list(output.columns.values()), dtype=torch.float64)
        return {"series": output.series, "place": place, "columns": list(output.columns)}
    tensors.update({f"{name}.{key}": tensor for key, tensor in output.tensors.items()})
    return {"name": output.name, "place": place, "tensors": list(output.tensors), "meta": dict(output.meta)}


def _unpacked(packed: Mapping[str, Any], name: str, tensors: Mapping[str, Tensor], key: type[TrainingKey]) -> Logged:
    place = key.model_validate(packed["place"])
    if "series" in packed:
        columns = dict(zip(packed["columns"], tensors[name].tolist(), strict=True))
        return Measured(series=packed["series"], key=place, columns=columns)
    return Tensors(
        packed["name"], place, {tensor: tensors[f"{name}.{tensor}"] for tensor in packed["tensors"]}, packed["meta"]
    )
