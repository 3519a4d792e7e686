"""The job that a supervisor gives to a child, and the exit codes of the child."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.contract import stacks
from app.records import Queue as QueueName
from app.settings import Settings
from app.store import Claim, Store

Order: TypeAlias = Literal["cancel", "stop"]
"""From supervisor to child: cancel the shard, or release it because the worker stops or another run is due."""

CHILD_PATIENCE_S = 1200.0
"""How long a child waits for other writers: a long backup must not end its training."""

PARENT_PATIENCE_S = 4.0
"""The same for its supervisor, which tries again with each heartbeat."""

DONE = 0  # the child has written to the store how the shard ended
FENCED = 70  # another worker has the shard by now
ORPHANED = 71  # the supervisor is gone


@dataclass(frozen=True)
class Job:
    """One claimed shard and where to run it; `device` is "cpu" or "cuda:0", `worker` the id of the worker.

    With a `width` above 1 it is trained in a stack of so many replicates, together with its `siblings`: shards of the
    same run. Each trains at most `at_once` networks at once, unless its plan has another number.
    """

    claim: Claim
    settings: Settings
    worker: str
    device: str
    width: int = 1
    siblings: tuple[Claim, ...] = ()
    at_once: int = 1
    patience_s: float = CHILD_PATIENCE_S

    def store(self) -> Store:
        """Open the store as the child does."""
        settings = self.settings
        return Store(settings.resolved_database_url, settings.resolved_artifacts_url, patience_s=self.patience_s)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return all its shards."""
        return (self.claim, *self.siblings)

    @property
    def stacks(self) -> list[str]:
        """Return the stack groups of a replicate (`Experiment.stack_groups`): those of its plan, if it has begun."""
        if self.claim.plan is not None:
            planned: list[str] = self.claim.plan.get("stack_groups", [])
            return planned
        return self.claim.spec.stack_groups(self.at_once)

    @property
    def widest(self) -> int:
        """Return the number of trainings in the largest stack group."""
        return max((len(stack.split()) for stack in self.stacks), default=1)

    @property
    def stacked(self) -> bool:
        """Return whether anything of it is trained as a stack."""
        return self.width > 1 or self.widest > 1

    def smaller_plan(self) -> tuple[dict[str, Any], str]:
        """Return what changes in its plan when it did not fit into the memory, and that in words.

        Halve the trainings of a replicate that run at once; once there is only one, halve the replicates.
        """
        if self.widest > 1:
            now, what = self.widest, "trainings of a replicate"
            plan: dict[str, Any] = {
                "stack_groups": [part for stack in self.stacks for part in stacks.cut(stack.split(), now // 2)]
            }
        else:
            now, what = self.width, "replicates"
            plan = {"replicates": now // 2}
        return plan, f"{now} {what} together do not fit into the memory; {now // 2} are next"


def device_kind(device: str) -> str:
    """Return the kind of a device, by which the store keeps speeds: "cpu" or "gpu"."""
    return "cpu" if device == "cpu" else "gpu"


TOGETHER: dict[QueueName, int] = {"cpu": 1, "gpu": 8}
"""Networks that a worker trains at once by default: on a CPU a stack gains nothing."""


def width(claim: Claim, together: int) -> int:
    """Return how many replicates train in one stack: as in its plan, else up to `together` if the run allows it."""
    if claim.plan is not None:
        planned: int = claim.plan.get("replicates", 1)
        return planned
    return min(together, claim.spec.replicates) if claim.spec.stackable else 1
