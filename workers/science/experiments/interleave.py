"""Trainings of a replicate that run at once, and are logged one after the other as if each waited for the last."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.contract.events import Measured, Progress
from app.contract.training_key import TrainingKey
from workers.science.experiments.clock import Due
from workers.science.experiments.in_order import InOrder
from workers.science.experiments.stacked_trainer import Request, Step, Waiting
from workers.science.experiments.trainer import Trainer
from workers.science.outputs import Tensors

K = TypeVar("K", bound=TrainingKey)


@dataclass(eq=False)
class Member(Generic[K]):
    """A training by `trainer`; `outputs` is what it yields."""

    key: K
    trainer: Trainer
    outputs: Iterator[Step | Due | Request]
    ended: bool = False
    _request: Request | None = field(default=None, repr=False)
    _steps: int = field(default=0, repr=False)

    @property
    def waits(self) -> bool:
        """Return whether it cannot go on before its request is answered."""
        return self._request is not None and not self._request.answered


def interleave(members: Sequence[Member[K]], order: InOrder, done: int, steps: Mapping[K, int]) -> Iterator[Step | Due]:
    """Run all `members` and yield what `order` lets them log.

    Yields Due when the clock of one of them is due: at that moment each can be saved (`Trainer.save`). Yields Waiting
    where they wait for a stack. `done` steps lie behind all of them; Progress counts those of each. `steps` are those
    of whole trainings; a training that diverges corrects its own before it ends.
    """
    while any(not member.ended for member in members):
        for member in members:
            if not member.ended and not member.waits:
                yield from _go_on(member, members, order, done, steps)
        if requests := tuple(member._request for member in members if member._request is not None):
            yield Waiting(requests)


def _go_on(
    member: Member[K], members: Sequence[Member[K]], order: InOrder, done: int, steps: Mapping[K, int]
) -> Generator[Step | Due, None, None]:
    """Yield everything that may be logged up to its next request, or its end."""
    member._request = None
    for output in member.outputs:
        match output:
            case Request():
                member._request = output
                return
            case Progress():
                member._steps = output.done - done
                steps_made = sum(other._steps for other in members)
                yield output.model_copy(update={"done": done + steps_made, "key": order.first})
            case Measured() | Tensors():
                yield from order.add(member.key, output)
            case _:
                yield output
    member.ended, member._steps = True, steps[member.key]
    yield from order.end(member.key)
