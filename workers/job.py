"""What a supervisor hands to a child, and what the child's exit code says."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.settings import Settings
from app.store import Claim

Order: TypeAlias = Literal["cancel", "stop"]
"""From supervisor to child: give up for good, or hand the shard back unharmed, as the worker goes or a run is due."""

DONE = 0  # the child has told the store how the shard ended
FENCED = 70  # the shard belongs to somebody else by now
ORPHANED = 71  # the supervisor is gone


@dataclass(frozen=True)
class Job:
    """One claimed shard and where to run it; `device` is "cpu" or "cuda:0", `worker` the id of the worker."""

    claim: Claim
    settings: Settings
    worker: str
    device: str


def device_kind(device: str) -> str:
    """What the store calls a device when it keeps a speed: "cpu" or "gpu"."""
    return "cpu" if device == "cpu" else "gpu"
