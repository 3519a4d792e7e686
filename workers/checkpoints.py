"""Checkpoints as documents in the artifact store: state, the artifacts it rests on, and the next ordinal.

A document without tensors is JSON; one with them, of a training that is half done, a safetensors file that has the JSON
in its metadata.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from safetensors import SafetensorError
from torch import Tensor

from app.contract.experiment import RunSpec
from app.contract.training_key import TrainingKey, canonical
from app.kinds.before import Place, converted, converted_state
from app.store import Artifacts, CheckpointRef
from workers import tensors
from workers.science.outputs import Resume

log = logging.getLogger(__name__)

_DOCUMENT = "checkpoint"


class LostCheckpointsError(Exception):
    """A shard has checkpoints and none can be used."""


@dataclass
class Saved:
    """Where a shard stands: `artifacts` maps the name of each and the key of its training to the SHA-256 of its bytes.

    `shard` names the run and replicate it belongs to; "" in those of older versions. `sha256` is its own, once read.
    In `version` 1, whose documents do not tell it, trainings were named by level, branch and draw.
    """

    state: dict[str, Any] | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    next_ordinal: int = 0
    shard: str = ""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    sha256: str = ""
    version: int = 2

    def write(self, store: Artifacts) -> str:
        """Put the document into the artifact store and return its SHA-256."""
        kept = {name: value for name, value in vars(self).items() if name not in ("tensors", "sha256")}
        document = orjson.dumps(kept)
        return store.put(tensors.dumps(self.tensors, {_DOCUMENT: document.decode()}) if self.tensors else document)

    def resume(self, store: Artifacts) -> Resume | None:
        """What the experiment gets back; None when it starts from nothing."""
        if self.state is None:
            return None
        artifacts: Mapping[str, str] = dict(self.artifacts)

        def load(name: str, training: TrainingKey) -> Mapping[str, Tensor]:
            return tensors.loads(store.get(artifacts[key(name, training)]))

        return Resume(self.state, load, self.tensors)


def key(name: str, training: TrainingKey) -> str:
    """How a checkpoint names an artifact."""
    return f"{name}/{training.text}"


def newest(
    store: Artifacts,
    refs: Sequence[CheckpointRef],
    logged: int,
    shard: str,
    spec: RunSpec,
    damaged: Mapping[str, str] | None = None,
) -> Saved:
    """The newest of `refs` that rests on nothing lost: at most `logged` ordinals are in the log, all bytes are there.

    `spec` is that of the run, by which names of trainings in older documents are understood.

    `damaged` says by their hash of which ones it is known that they rest on other bytes, and on which.

    An empty one when there never was any: the shard starts over, and the log drops what it already has.
    Raises `LostCheckpointsError` when there were some and none is left, saying what is wrong with each: the run may
    have been extended since it began, so that starting over would say things in another order than the log.
    """
    refused: list[str] = []
    known = damaged or {}
    for ref in refs:
        reason = f"it needs {ref.next_ordinal} rows of the log, which holds {logged}"
        if ref.sha256 in known:
            reason = known[ref.sha256]
        elif ref.next_ordinal <= logged:
            try:
                saved = _read(store.get(ref.sha256), spec)
                reason = _obstacle(saved, store, shard)
                if not reason:
                    saved.sha256 = ref.sha256
                    return saved
            except (OSError, ValueError, TypeError, SafetensorError) as error:
                reason = f"it cannot be read: {error}"
        refused.append(f"{ref.sha256[:12]}: {reason}")
        log.warning("checkpoint %s of %s is passed over: %s", ref.sha256[:12], shard, reason)
    if refs:
        raise LostCheckpointsError(
            "no checkpoint of this replicate can be used any more, so its log cannot be continued; what was measured "
            f"is kept. Clone the run to start over. ({'; '.join(refused)})"
        )
    return Saved(shard=shard)


def _read(data: bytes, spec: RunSpec) -> Saved:
    plain = data.startswith(b"{")  # a safetensors file begins with a length divisible by 8
    document = orjson.loads(data if plain else tensors.meta(data).get(_DOCUMENT, "{}"))
    if "version" not in document:
        document = _converted(document, spec)
    return Saved(**document, tensors={} if plain else tensors.loads(data))


def _converted(document: dict[str, Any], spec: RunSpec) -> dict[str, Any]:
    """A document of version 1 with trainings named by their keys."""
    stored = spec.model_dump(mode="json")
    state = document.get("state")
    artifacts = {}
    for name, sha256 in document.get("artifacts", {}).items():
        artifact, level, branch, draw = name.split("/")
        coordinates = converted(spec.kind, stored, Place(int(level), branch, int(draw)))
        artifacts[f"{artifact}/{canonical(coordinates)}"] = sha256
    return {**document, "state": state and converted_state(spec.kind, stored, state), "artifacts": artifacts}


def _obstacle(saved: Saved, store: Artifacts, shard: str) -> str:
    """Why a document that was read cannot be used; "" when it can."""
    if saved.shard not in ("", shard):
        return f"it belongs to {saved.shard}"
    if not all(store.exists(sha256) for sha256 in saved.artifacts.values()):
        return "an artifact that it needs is missing"
    return ""
