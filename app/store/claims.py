"""What a worker holds while it runs a shard."""

from dataclasses import dataclass
from typing import Any

from app.contract.experiment import Experiment


@dataclass(frozen=True)
class CheckpointRef:
    """A checkpoint document in the artifact store, and the ordinal that it continues at."""

    sha256: str
    next_ordinal: int


@dataclass(frozen=True)
class Claim:
    """What a worker needs to run a shard; `checkpoints` has the newest first, `plan` is None on the first attempt."""

    shard_id: int
    token: str
    run_id: str
    spec: Experiment
    replicate: int
    attempt: int
    plan: dict[str, Any] | None
    checkpoints: list[CheckpointRef]
    next_ordinal: int
