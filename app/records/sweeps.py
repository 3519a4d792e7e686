"""Sweeps and their members."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import Field

from app.records.base import Record, State
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Plan, Sampler, Stop

SweepState: TypeAlias = Literal["running", "finished", "cancelling", "cancelled"]


class Sweep(Record):
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


class Member(Record):
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


class SweepPage(Record):
    """A page of sweeps; `next` is the cursor of the following page, or None at the end."""

    items: tuple[Sweep, ...]
    next: str | None = None
