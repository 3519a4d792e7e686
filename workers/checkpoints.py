"""Checkpoints as documents in the artifact store: state, the artifacts it rests on, and the next ordinal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from torch import Tensor

from app.contract.events import Place
from app.store import Artifacts, CheckpointRef
from workers import tensors
from workers.science.outputs import Resume


class LostCheckpointsError(Exception):
    """A shard has checkpoints and none can be used."""


@dataclass
class Saved:
    """Where a shard stands: `artifacts` maps "name/level/branch/draw" to the SHA-256 of its bytes."""

    state: dict[str, Any] | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    next_ordinal: int = 0

    def write(self, store: Artifacts) -> str:
        """Put the document into the artifact store and return its SHA-256."""
        document = {"state": self.state, "artifacts": self.artifacts, "next_ordinal": self.next_ordinal}
        return store.put(orjson.dumps(document))

    def resume(self, store: Artifacts) -> Resume | None:
        """What the experiment gets back; None when it starts from nothing."""
        if self.state is None:
            return None
        artifacts: Mapping[str, str] = dict(self.artifacts)

        def load(name: str, place: Place) -> Mapping[str, Tensor]:
            return tensors.loads(store.get(artifacts[key(name, place)]))

        return Resume(self.state, load)


def key(name: str, place: Place) -> str:
    """How a checkpoint names an artifact."""
    return f"{name}/{place.level}/{place.branch}/{place.draw}"


def newest(store: Artifacts, refs: Sequence[CheckpointRef], logged: int) -> Saved:
    """The newest of `refs` that rests on nothing lost: at most `logged` ordinals are in the log, all bytes are there.

    An empty one when there never was any: the shard starts over, and the log drops what it already has.
    Raises `LostCheckpointsError` when there were some and none is left: the run may have been extended since it
    began, so that starting over would say things in another order than the log.
    """
    for ref in refs:
        if ref.next_ordinal > logged:
            continue
        try:
            saved = Saved(**orjson.loads(store.get(ref.sha256)))
        except (OSError, ValueError, TypeError):
            continue
        if all(store.exists(sha256) for sha256 in saved.artifacts.values()):
            return saved
    if refs:
        raise LostCheckpointsError(
            "no checkpoint of this replicate can be read any more, so its log cannot be continued; what was "
            "measured is kept. Clone the run to start over."
        )
    return Saved()
