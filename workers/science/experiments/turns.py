"""Trainings of a replicate made abreast, and told one after the other: the log is that of one training at a time."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.contract.events import Measured, Place, Progress
from workers.science.experiments.bench import Bench
from workers.science.experiments.in_order import InOrder
from workers.science.experiments.midway import Due
from workers.science.experiments.together import Request, Waiting
from workers.science.outputs import Output, Tensors


@dataclass(eq=False)
class Member:
    """A training on `bench`; `outputs` is what it says."""

    place: Place
    bench: Bench
    outputs: Iterator[Output | Due]
    ended: bool = False
    _request: Request | None = field(default=None, repr=False)
    _made: int = field(default=0, repr=False)

    @property
    def waits(self) -> bool:
        """Whether it cannot go on before somebody answers."""
        return self._request is not None and not self._request.answered


def in_turn(members: Sequence[Member], order: InOrder, done: int, steps: Mapping[Place, int]) -> Iterator[Output | Due]:
    """Make all `members` and yield what `order` lets them say.

    Due is among it when the clock of one of them says so, at which moment each can be saved (`Bench.save`), and
    Waiting where they wait for a stack. `done` steps lie behind all of them; Progress counts those of each.
    `steps` are those of whole trainings; a training that diverges corrects its own before it ends.
    """
    while any(not member.ended for member in members):
        for member in members:
            if not member.ended and not member.waits:
                yield from _go_on(member, members, order, done, steps)
        if requests := tuple(member._request for member in members if member._request is not None):
            # No training looks at what it passes on.
            yield Waiting(requests)  # type: ignore[misc]


def _go_on(
    member: Member, members: Sequence[Member], order: InOrder, done: int, steps: Mapping[Place, int]
) -> Generator[Output | Due, None, None]:
    """Everything that may be told up to its next request, or its end."""
    member._request = None
    for output in member.outputs:
        match output:
            case Request():
                member._request = output
                return
            case Progress():
                member._made = output.done - done
                made = sum(each._made for each in members)
                yield output.model_copy(update={"done": done + made, "place": order.first})
            case Measured() | Tensors():
                yield from order.add(member.place, output)
            case _:
                yield output
    member.ended, member._made = True, steps[member.place]
    yield from order.end(member.place)
