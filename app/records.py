"""What readers get from the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.contract.events import WINNING_TICKET
from app.contract.experiment import Experiment
from app.contract.tickets import TicketRef
from app.kinds.specs import Spec
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Plan, Sampler, Stop

State: TypeAlias = Literal["queued", "running", "cancelling", "cancelled", "failed", "finished"]
Queue: TypeAlias = Literal["cpu", "gpu"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunProgress(_Record):
    """Work done and asked for, in the units of the experiment's `pace`, such as optimizer steps.

    `eta_s` is None until a speed is known.
    """

    done: int
    total: int
    eta_s: float | None = None
    note: str = ""


class Run(_Record):
    """One submitted experiment. `last_seq` is the number of its newest event, `again_of` the run that it repeats."""

    id: str
    name: str
    kind: str
    spec: Spec
    state: State
    progress: RunProgress
    tags: tuple[str, ...] = ()
    notes: str = ""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deleted_at: datetime | None = None
    again_of: str | None = None
    sweep: str | None = Field(None, description="The sweep that it is a member of.")
    error: str | None = None
    provenance: dict[str, Any] = {}
    workers: tuple[str, ...] = ()
    last_seq: int = 0

    @property
    def levels(self) -> int:
        """Pruning rounds that the run asks for; 0 where nothing is pruned."""
        return getattr(self.spec, "levels", 0)

    @property
    def trains_tickets(self) -> bool:
        """Whether its tickets are trained here, so that there are weights as well as masks."""
        return isinstance(self.spec, Experiment) and self.spec.saves_tickets

    @property
    def experiment(self) -> Experiment:
        """The spec, for what only makes sense of what workers do. Raises TypeError for imported masks."""
        if not isinstance(self.spec, Experiment):
            raise TypeError(f"run {self.id} is of kind {self.kind}")
        return self.spec


class Shard(_Record):
    """One replicate of a run, as the workers see it."""

    id: int
    run_id: str
    replicate: int
    state: State
    attempt: int
    worker: str | None = None
    error: str | None = None
    done: int = 0
    total: int = 0
    note: str = ""


class EventRecord(_Record):
    """An event as the log keeps it; `event` is its JSON, with `chunk` and `rows` in place of a Measured's columns."""

    seq: int
    at: datetime
    replicate: int | None
    event: dict[str, Any]


class ArtifactRef(_Record):
    """A saved artifact of a run; `id` is the SHA-256 of its bytes."""

    id: str
    run_id: str
    replicate: int
    key: dict[str, int | float | str | None] = Field(description="The coordinates of the training, by name.")
    name: str
    media_type: str
    size_bytes: int
    meta: dict[str, str] = {}
    seq: int

    @property
    def ticket(self) -> TicketRef | None:
        """The ticket that it belongs to; None where the kind of run has no levels."""
        return TicketRef.of(self.run_id, self.replicate, self.key) if "level" in self.key else None

    @property
    def is_of_winning(self) -> bool:
        """Whether it belongs to a winning ticket."""
        return self.ticket is not None and self.ticket.is_winning


class WorkerLoad(_Record):
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


class WorkerInfo(_Record):
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
    versions: dict[str, str] = {}
    trouble: str = ""
    load: WorkerLoad | None = None


class Refusal(_Record):
    """A worker that cannot go on with a waiting shard, since it would give other numbers; `reason` names why."""

    replicate: int
    worker: str
    reason: str


SweepState: TypeAlias = Literal["running", "finished", "cancelling", "cancelled"]


class Sweep(_Record):
    """Runs that differ in a few fields; `note` says why no more of them is started, `counts` how many are in a state.

    A member without a run, since that was purged or its values were refused, counts as `gone`.
    """

    id: str
    name: str
    kind: str
    spec: dict[str, Any]
    axes: dict[str, Axis]
    sampler: Sampler
    objective: str
    budget: Budget
    stop: Stop
    state: SweepState
    is_open: bool = Field(description="Whether more members may be started.")
    note: str
    tags: tuple[str, ...]
    notes: str
    created_at: datetime
    deleted_at: datetime | None = Field(None, description="When it was moved to the bin.")
    counts: dict[str, int]

    @property
    def plan(self) -> Plan:
        """What it asks for."""
        return Plan(
            spec=self.spec,
            axes=self.axes,
            sampler=self.sampler,
            objective=self.objective,
            budget=self.budget,
            stop=self.stop,
        )

    @property
    def started(self) -> int:
        """How many members there are."""
        return sum(self.counts.values())


class Member(_Record):
    """A run of a sweep and its values by field; `objective` is None until the run has ended with one.

    `hours` are those in which workers held it. Without a run, `error` says why, or the run was purged.
    """

    position: int
    values: dict[str, Any]
    run: str | None
    name: str = ""
    state: State | None
    binned: bool = False
    done: int = 0
    total: int = 0
    eta_s: float | None = None
    objective: float | None = None
    hours: float = 0.0
    error: str | None = None
    last_seq: int = 0
    measured_seq: int | None = None

    @property
    def live(self) -> bool:
        """Whether it may still be worked on."""
        return self.state in ("queued", "running", "cancelling")


class SweepPage(_Record):
    """A page of sweeps; `next` is the cursor of the following page, or None at the end."""

    items: tuple[Sweep, ...]
    next: str | None = None


class Page(_Record):
    """A page of runs; `next` is the cursor of the following page, or None at the end."""

    items: tuple[Run, ...]
    next: str | None = None


class View(_Record):
    """A view of the board under a name; `query` is the query string of its address."""

    id: str
    name: str
    query: str
    created_at: datetime


class Spread(_Record):
    """Mean over the `n` runs of a group that have a value, and their standard deviation (n − 1), None for n = 1."""

    mean: float
    sd: float | None
    n: int


class GroupOfRuns(_Record):
    """Runs that share a value: `key` names the group, `value` is what a reader sees, empty where they have none.

    `states` counts the runs in each state, `columns` has the numeric fields and measures that were asked for.
    """

    key: str
    value: str
    n: int
    states: dict[str, int]
    columns: dict[str, Spread]


class Groups(_Record):
    """The first groups of a search, and how many there are in `total`."""

    items: tuple[GroupOfRuns, ...]
    total: int


@dataclass(frozen=True)
class Series:
    """Rows of one series of a run as equally long columns.

    First come replicate and the coordinates that the kind of run declares (int64, float64 or str), which are always
    there; the rest is as measured (float64).
    """

    columns: Mapping[str, NDArray[Any]]
    coordinates: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns["replicate"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def where(self, rows: NDArray[np.bool_]) -> "Series":
        """The rows for which `rows` is true."""
        return Series({name: column[rows] for name, column in self.columns.items()}, self.coordinates)

    @property
    def controls(self) -> NDArray[np.str_]:
        """Return the control of each row: the winning ticket where the kind of run trains no controls."""
        return self.columns.get("control", np.full(len(self), WINNING_TICKET))

    @property
    def draws(self) -> NDArray[np.int64]:
        """Return the draw of each row: 0 where the kind of run draws no controls."""
        return self.columns.get("draw", np.zeros(len(self), np.int64))

    @property
    def tickets(self) -> "Series":
        """Return the rows of winning tickets."""
        return self.where(self.controls == WINNING_TICKET)
