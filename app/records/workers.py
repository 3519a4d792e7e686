"""Workers, and what keeps them from a shard."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from app.records.base import Queue, Record

Mode: TypeAlias = Literal["working", "paused", "draining"]


class Maintenance(Record):
    """A message that every page shows, and from when what it announces begins."""

    text: str
    begins_at: datetime | None = None


class WorkerLoad(Record):
    """What a worker uses now, with its children, and what its machine does; shares are in [0, 1].

    Pages of memory that children share are counted in each of them.
    """

    cpu_cores: float = Field(description="Cores that the worker keeps busy.")
    memory_bytes: int = Field(description="Memory that the worker holds.")
    machine_cpu_share: float = Field(description="Share of the machine's cores that anybody keeps busy.")
    machine_cores: int = Field(description="Cores of the machine.")
    machine_memory_bytes: int = Field(description="Memory of the machine in use.")
    machine_memory_total_bytes: int = Field(description="Memory of the machine.")
    disk_free_bytes: int = Field(description="Room on the disk of the data or of the artifacts, whichever is less.")
    gpu_share: float | None = Field(None, description="Share of the time in which the GPU was at work.")
    gpu_memory_bytes: int | None = Field(None, description="Memory of the GPU in use, by anybody.")
    gpu_memory_total_bytes: int | None = Field(None, description="Memory of the GPU.")
    clock_s: float | None = Field(None, description="Clock of the worker when this was measured, since 1970.")


class WorkerInfo(Record):
    """A worker process with contact in the last day; `busy` names the runs its slots work on.

    `trouble` is why it accepts no work, such as a full disk; empty when all is well. `load` is as old as
    `seen_at`; None before it is first measured.
    """

    id: str
    host: str
    pid: int
    queue: Queue
    device: str
    slots: int
    busy: tuple[str, ...] = ()
    started_at: datetime
    seen_at: datetime
    alive: bool
    versions: dict[str, str] = Field({})
    trouble: str = ""
    load: WorkerLoad | None = None
    mode: Mode = Field(
        "working",
        description="`paused`: it takes no new replicates; `draining`: it hands over those it has as well, at their "
        "next checkpoints.",
    )

    @property
    def needs_help(self) -> bool:
        """Return whether it accepts no work though no admin has asked that of it."""
        return bool(self.trouble) and self.mode == "working"


class Refusal(Record):
    """A worker that cannot go on with a waiting shard, since it would give other numbers; `reason` names why."""

    replicate: int
    worker: str
    reason: str
