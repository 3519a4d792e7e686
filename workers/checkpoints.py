"""Write and read checkpoints as documents in the artifact store: state, artifacts it needs, and the next ordinal.

A document without tensors is JSON. One with tensors, of an unfinished training, is a safetensors file with the JSON in
its metadata.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from safetensors import SafetensorError
from torch import Tensor

from app.contract.experiment import RunSpec
from app.contract.training_key import TrainingKey
from app.store import Artifacts, CheckpointRef
from workers import tensors
from workers.checkpoints_before import up_to_date
from workers.science.outputs import Resume

log = logging.getLogger(__name__)

_DOCUMENT = "checkpoint"


class LostCheckpointsError(Exception):
    """A shard has checkpoints and none can be used."""


@dataclass
class Saved:
    """The checkpoint of a shard: `artifacts` maps the name of each and the key of its training to its SHA-256.

    `shard` names its run and replicate; "" in those of older versions. `sha256` is its own, once read. The documents of
    `version` 1 lack that number.
    """

    state: dict[str, Any] | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    next_ordinal: int = 0
    shard: str = ""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    sha256: str = ""
    version: int = 3

    def write(self, put: Callable[[bytes], str]) -> str:
        """Put the document into the artifact store and return its SHA-256."""
        kept = {name: value for name, value in vars(self).items() if name not in ("tensors", "sha256")}
        document = orjson.dumps(kept)
        return put(tensors.dumps(self.tensors, {_DOCUMENT: document.decode()}) if self.tensors else document)

    def resume(self, store: Artifacts) -> Resume | None:
        """Return what the experiment resumes from; None when it starts from nothing."""
        if self.state is None:
            return None
        artifacts: Mapping[str, str] = dict(self.artifacts)

        def load(name: str, training: TrainingKey) -> Mapping[str, Tensor]:
            return tensors.loads(store.get(artifacts[key(name, training)]))

        return Resume(self.state, load, self.tensors)


def key(name: str, training: TrainingKey) -> str:
    """Return the name that a checkpoint has for an artifact."""
    return f"{name}/{training.text}"


def newest(
    store: Artifacts,
    refs: Sequence[CheckpointRef],
    logged: int,
    shard: str,
    spec: RunSpec,
    damaged: Mapping[str, str] | None = None,
) -> Saved:
    """Return the newest of `refs` that can be used: the log has its `logged` ordinals, and no artifact is missing.

    `spec` is that of the run; older documents are converted by it. `damaged` maps the hash of a checkpoint that needs
    damaged artifacts to the reason.

    Return an empty one when there never was any: the shard starts over, and the log drops what it already has. Raises
    `LostCheckpointsError` with a reason for each when there were some and none can be used. The run may have been
    extended since it began, so that starting over would log its rows in another order.
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
    document, own = up_to_date(document, {} if plain else tensors.loads(data), spec)
    return Saved(**document, tensors=own)


def _obstacle(saved: Saved, store: Artifacts, shard: str) -> str:
    """Return why a document cannot be used; "" when it can."""
    if saved.shard not in ("", shard):
        return f"it belongs to {saved.shard}"
    if not all(store.exists(sha256) for sha256 in saved.artifacts.values()):
        return "an artifact that it needs is missing"
    return ""
