"""What an experiment yields besides measurements and progress, and what it gets back when it resumes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from torch import Tensor

from app.contract.events import Measured, Progress
from app.contract.training_key import TrainingKey


@dataclass(frozen=True)
class Tensors:
    """Tensors to keep as one artifact: contiguous, on the CPU, and not touched again."""

    name: str
    key: TrainingKey
    tensors: Mapping[str, Tensor]
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A point to resume from, as small JSON; the artifacts it needs were yielded before it.

    `tensors` are what else it needs, and nothing that outlives it: a training that is half done.
    """

    state: dict[str, Any]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Resume:
    """The `state` and `tensors` of a checkpoint, and `load(name, key)` for the artifacts yielded before it.

    `load` raises `KeyError` for an artifact that is not there.
    """

    state: dict[str, Any]
    load: Callable[[str, TrainingKey], Mapping[str, Tensor]]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


Output: TypeAlias = Measured | Tensors | Progress | Checkpoint
