"""Runs, their events, series and artifacts: the one truth, in SQLite or PostgreSQL and a folder of bytes."""

from app.store.accounts import Accounts
from app.store.artifacts import Artifacts
from app.store.claims import CheckpointRef, Claim
from app.store.commenting import Commenting
from app.store.errors import (
    Conflict,
    Corrupt,
    Fenced,
    Mismatch,
    NotAdopted,
    NotFound,
    OrdinalGap,
    StoreError,
    Unusable,
)
from app.store.identities import Identities
from app.store.notifying import Notifying
from app.store.projects import Projects
from app.store.publishing import Publishing
from app.store.queueing import Queueing
from app.store.reads import Reads
from app.store.records import Records
from app.store.reporting import Reporting
from app.store.snapshot import Snapshot
from app.store.speeds import Speed
from app.store.sweeping import Sweeping
from app.store.timings import Timing
from app.store.work import Work

__all__ = [
    "Artifacts",
    "CheckpointRef",
    "Claim",
    "Conflict",
    "Corrupt",
    "Fenced",
    "Mismatch",
    "NotAdopted",
    "NotFound",
    "OrdinalGap",
    "Reads",
    "Snapshot",
    "Speed",
    "Store",
    "StoreError",
    "Timing",
    "Unusable",
]


class Store(
    Records, Work, Queueing, Sweeping, Accounts, Commenting, Identities, Notifying, Publishing, Projects, Reporting
):
    """All that is kept; one transaction per method. `lease_s` is how long a shard is kept for a silent worker."""
