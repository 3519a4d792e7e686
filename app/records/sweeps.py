"""Sweeps and their members."""

import math
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import Field

from app.records.base import Priority, Record, State
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Plan, Pruner, Sampler, Stop

SweepState: TypeAlias = Literal["running", "finished", "cancelling", "cancelled"]


class Sweep(Record):
    """Runs that differ in a few fields; `note` is why no more of them is started, `counts` how many are in a state.

    A member without a run, since that was purged or its values were refused, counts as `gone`. One that the sweep
    stopped early counts as `stopped`.
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
    pruner: Pruner = Pruner()
    state: SweepState
    is_open: bool = Field(description="Whether more members may be started.")
    note: str
    tags: tuple[str, ...]
    notes: str
    created_at: datetime
    deleted_at: datetime | None = Field(None, description="When it was moved to the bin.")
    counts: dict[str, int]
    owner: str | None = Field(None, description="Who has submitted it; nobody where there were no accounts.")
    priority: Priority = Field("normal", description="Of all its runs, those that follow as well.")
    project: str | None = Field(None, description="The project that it belongs to.")

    @property
    def plan(self) -> Plan:
        """Return its plan."""
        return Plan(
            spec=self.spec,
            axes=self.axes,
            sampler=self.sampler,
            objective=self.objective,
            budget=self.budget,
            stop=self.stop,
            pruner=self.pruner,
        )

    @property
    def started(self) -> int:
        """Return how many members there are."""
        return sum(self.counts.values())


class Member(Record):
    """A run of a sweep and its values by field; `objective` is None until the run has ended with one.

    `hours` are those in which workers held it. Without a run, `error` is why, or the run was purged.
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
    reported: tuple[float | None, ...] = Field((), description="The objective on the way, null where it diverged.")
    rungs: dict[str, float] = Field(default_factory=dict, description="Values that successive halving has compared.")
    reported_seq: int | None = None
    stopped: str | None = Field(None, description="Why the sweep stopped it early; empty once it was resumed by hand.")

    @property
    def reports(self) -> tuple[float, ...]:
        """Return the objective on the way, NaN where a training diverged."""
        return tuple(math.nan if value is None else value for value in self.reported)

    @property
    def stopped_early(self) -> bool:
        """Return whether the sweep has stopped it early and it was not resumed since."""
        return bool(self.stopped) and self.state in ("cancelling", "cancelled")

    @property
    def spared(self) -> bool:
        """Return whether it is not stopped (again), since it was before."""
        return self.stopped is not None

    @property
    def live(self) -> bool:
        """Return whether it may still be worked on."""
        return self.state in ("queued", "running", "cancelling")


class SweepPage(Record):
    """A page of sweeps; `next` is the cursor of the following page, or None at the end."""

    items: tuple[Sweep, ...]
    next: str | None = None
