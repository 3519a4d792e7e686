"""Runs, their shards, events and artifacts."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.contract.experiment import Experiment
from app.contract.tickets import TicketRef
from app.kinds.specs import Spec
from app.records.base import Priority, Record, State


class RunProgress(Record):
    """Work done and planned, in the units of the experiment's `pace`, such as optimizer steps.

    `eta_s` is None until a speed is known.
    """

    done: int
    total: int
    eta_s: float | None = None
    note: str = ""


class Run(Record):
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
    stopped: str | None = Field(None, description="Why its sweep has stopped it early.")
    error: str | None = None
    provenance: dict[str, Any] = Field({})
    workers: tuple[str, ...] = ()
    last_seq: int = 0
    owner: str | None = Field(None, description="Who has submitted it; nobody where there were no accounts.")
    priority: Priority = Field("normal", description="What comes first in the queue.")
    project: str | None = Field(None, description="The project that it belongs to.")

    @property
    def levels(self) -> int:
        """Return the number of pruning rounds of the run's spec; 0 where nothing is pruned."""
        return getattr(self.spec, "levels", 0)

    @property
    def trains_tickets(self) -> bool:
        """Return whether its tickets are trained here, so that there are weights as well as masks."""
        return isinstance(self.spec, Experiment) and self.spec.saves_tickets

    @property
    def experiment(self) -> Experiment:
        """Return the spec, for what only makes sense of what workers do. Raises TypeError for imported masks."""
        if not isinstance(self.spec, Experiment):
            raise TypeError(f"run {self.id} is of kind {self.kind}")
        return self.spec


class Shard(Record):
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


class EventRecord(Record):
    """An event as the log keeps it; `event` is its JSON, with `chunk` and `rows` in place of a Measured's columns."""

    seq: int
    at: datetime
    replicate: int | None
    event: dict[str, Any]


class ArtifactRef(Record):
    """A saved artifact of a run; `id` is the SHA-256 of its bytes."""

    id: str
    run_id: str
    replicate: int
    key: dict[str, int | float | str | None] = Field(description="The coordinates of the training, by name.")
    name: str
    media_type: str
    size_bytes: int
    meta: dict[str, str] = Field({})
    seq: int

    @property
    def ticket(self) -> TicketRef | None:
        """Return the ticket that it belongs to; None where the kind of run has no levels."""
        return TicketRef.of(self.run_id, self.replicate, self.key) if "level" in self.key else None

    @property
    def is_of_winning(self) -> bool:
        """Return whether it belongs to a winning ticket."""
        return self.ticket is not None and self.ticket.is_winning
