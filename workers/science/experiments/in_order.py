"""Log trainings that run at once one after the other: hold back what comes before its turn.

The log of a replicate is then the same as if each training had waited for the one before it.
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
class Pending:
    """The `outputs` of each training that are held back, and which of these trainings have `ended`."""

    outputs: Mapping[TrainingKey, Sequence[Logged]] = field(default_factory=dict)
    ended: Sequence[TrainingKey] = ()


class InOrder:
    """Pass on the outputs of the first of `keys` that has not ended, and hold back those of the others.

    `pending` is what an earlier object of this class held back.
    """

    def __init__(self, keys: Iterable[TrainingKey], pending: Pending) -> None:
        self._waiting = dict.fromkeys(keys)
        self._held_back = {key: list(outputs) for key, outputs in pending.outputs.items()}
        self._ended = set(pending.ended)

    def due(self) -> list[Logged]:
        """Return what was held back and may be logged now."""
        logged: list[Logged] = []
        while (first := self.first) is not None:
            logged += self._held_back.pop(first, ())
            if first not in self._ended:
                break
            self._ended.discard(first)
            del self._waiting[first]
        return logged

    def add(self, key: TrainingKey, output: Logged) -> list[Logged]:
        """Take an output of the training `key`; return what may be logged now."""
        self._held_back.setdefault(key, []).append(output)
        return self.due()

    def end(self, key: TrainingKey) -> list[Logged]:
        """End the training `key`; return what may be logged now that waited for it."""
        self._ended.add(key)
        return self.due()

    @property
    def first(self) -> TrainingKey | None:
        """Return the training that is logged now; None when all have been logged."""
        return next(iter(self._waiting), None)

    def waits(self, key: TrainingKey) -> bool:
        """Return whether the training has not been logged to its end."""
        return key in self._waiting

    def ended(self, key: TrainingKey) -> bool:
        """Return whether the training has ended and waits to be logged."""
        return key in self._ended

    @property
    def pending(self) -> Pending:
        """Return what is held back now."""
        outputs = {key: tuple(self._held_back[key]) for key in self._waiting if self._held_back.get(key)}
        return Pending(outputs, [key for key in self._waiting if key in self._ended])


def pack(pending: Pending) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return what is held back as JSON and the tensors that it names, for a checkpoint."""
    tensors: dict[str, Tensor] = {}
    outputs_of = [[key.model_dump(), [_packed(output, f"{i}.{j}", tensors) for j, output in enumerate(outputs)]]
            for i, (key, outputs) in enumerate(pending.outputs.items())]  # fmt: skip
    return {"outputs": outputs_of, "ended": [key.model_dump() for key in pending.ended]}, tensors


def unpack(state: Mapping[str, Any], tensors: Mapping[str, Tensor], key_type: type[TrainingKey]) -> Pending:
    """Return what `pack` packed, for trainings whose keys are of `key_type`."""
    outputs_of = {
        key_type.model_validate(key): [
            _unpacked(output, f"{i}.{j}", tensors, key_type) for j, output in enumerate(outputs)
        ]
        for i, (key, outputs) in enumerate(state["outputs"])
    }
    return Pending(outputs_of, [key_type.model_validate(key) for key in state["ended"]])


def _packed(output: Logged, name: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    key = output.key.model_dump()
    if isinstance(output, Measured):
        # Not as JSON, which has no NaN.
        tensors[name] = torch.tensor(list(output.columns.values()), dtype=torch.float64)
        return {"series": output.series, "key": key, "columns": list(output.columns)}
    tensors.update({f"{name}.{part}": tensor for part, tensor in output.tensors.items()})
    return {"name": output.name, "key": key, "tensors": list(output.tensors), "meta": dict(output.meta)}


def _unpacked(
    packed: Mapping[str, Any], name: str, tensors: Mapping[str, Tensor], key_type: type[TrainingKey]
) -> Logged:
    key = key_type.model_validate(packed["key"])
    if "series" in packed:
        columns = dict(zip(packed["columns"], tensors[name].tolist(), strict=True))
        return Measured(series=packed["series"], key=key, columns=columns)
    own = {tensor: tensors[f"{name}.{tensor}"] for tensor in packed["tensors"]}
    return Tensors(packed["name"], key, own, packed["meta"])
