"""The queue as people see it."""

from pydantic import Field

from app.records.base import Priority, Record


class QueuedRun(Record):
    """A run that waits: `position` is its place among those that the same workers take, from 1.

    It is expected to start between `starts_in_s` and `starts_at_latest_s` seconds from now; None for reasons in `why`.
    """

    run: str
    name: str
    owner: str | None
    priority: Priority
    counts_as: Priority = Field(description="The priority that it counts as, since it has waited.")
    position: int
    replicates: int = Field(description="How many of its replicates wait.")
    queue: str = Field(description="The workers that it waits for: `cpu`, `gpu` or `any`.")
    starts_in_s: float | None
    starts_at_latest_s: float | None
    why: str


class RunningRun(Record):
    """A run that workers have in hand."""

    run: str
    name: str
    owner: str | None
    priority: Priority
    replicates: int = Field(description="How many of its replicates run.")
    workers: tuple[str, ...]
    ends_in_s: float | None
