"""What a supervisor hands to a child, and what the child's exit code says."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.contract import stacks
from app.records import Queue as QueueName
from app.settings import Settings
from app.store import Claim, Store

Order: TypeAlias = Literal["cancel", "stop"]
"""From supervisor to child: give up for good, or hand the shard back unharmed, as the worker goes or a run is due."""

CHILD_PATIENCE_S = 1200.0
"""How long a child waits for other writers: it holds a training, which must not end because a backup takes long."""

PARENT_PATIENCE_S = 4.0
"""The same for the process that supervises it, which comes again with each heartbeat."""

DONE = 0  # the child has told the store how the shard ended
FENCED = 70  # the shard belongs to somebody else by now
ORPHANED = 71  # the supervisor is gone


@dataclass(frozen=True)
class Job:
    """One claimed shard and where to run it; `device` is "cpu" or "cuda:0", `worker` the id of the worker.

    With a `width` above 1 it is trained in a stack of so many replicates, together with the shards `beside` it; and of
    each at most so many trainings are made `at_once`, unless its plan says otherwise.
    """

    claim: Claim
    settings: Settings
    worker: str
    device: str
    width: int = 1
    beside: tuple[Claim, ...] = ()
    at_once: int = 1
    patience_s: float = CHILD_PATIENCE_S

    def store(self) -> Store:
        """The store as the child opens it."""
        settings = self.settings
        return Store(settings.resolved_database_url, settings.resolved_artifacts_url, patience_s=self.patience_s)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All its shards."""
        return (self.claim, *self.beside)

    @property
    def stacks(self) -> list[str]:
        """The stack groups of a replicate (`Experiment.stack_groups`): those of its plan, if it has begun."""
        if self.claim.plan is not None:
            planned: list[str] = self.claim.plan.get("stack_groups", [])
            return planned
        return self.claim.spec.stack_groups(self.at_once)

    @property
    def widest(self) -> int:
        """How many trainings of a replicate are made as one at most."""
        return max((len(stack.split()) for stack in self.stacks), default=1)

    @property
    def stacked(self) -> bool:
        """Whether anything of it is trained as a stack."""
        return self.width > 1 or self.widest > 1

    def narrower(self) -> tuple[dict[str, Any], str]:
        """What its plan has instead when the memory was too small for it `stacked`, and that in words.

        Half as many trainings of a replicate at once, and once there is only one, half as many replicates.
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
    """What the store calls a device when it keeps a speed: "cpu" or "gpu"."""
    return "cpu" if device == "cpu" else "gpu"


TOGETHER: dict[QueueName, int] = {"cpu": 1, "gpu": 8}
"""Networks that a worker trains at once unless told otherwise: on a CPU a stack gains nothing."""


def width(claim: Claim, together: int) -> int:
    """How many replicates a shard is trained with: what its plan says, else `together` if the run has and allows it."""
    if claim.plan is not None:
        planned: int = claim.plan.get("replicates", 1)
        return planned
    return min(together, claim.spec.replicates) if claim.spec.stackable else 1
