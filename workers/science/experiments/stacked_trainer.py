"""Trainings of one run in lock-step: what waits for a training of the same group is trained as one stack.

These are replicates, and of each the trainings of a level that run at once (`experiments.interleave`). An
experiment knows nothing of this but the trainer that it was given.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.contract.training_key import TrainingKey
from workers.science.experiments.trainer import Plan, Trainer, train_all
from workers.science.outputs import Output
from workers.science.stacked.network import StackedNetwork
from workers.science.train.events import Diverged, Event, SlotEvent, Trained
from workers.science.train.stacked import Stacked


@dataclass(eq=False)
class Request:
    """A training waits for its next event; once `answered`, `event` holds it."""

    trainer: "StackedTrainer"
    plan: Plan
    answered: bool = False
    event: Event | None = None


@dataclass(frozen=True)
class Waiting:
    """All that a replicate waits for: it can go on when one of these requests is answered."""

    requests: tuple[Request, ...]


Step: TypeAlias = Output | Waiting
"""What an experiment yields whose trainers share a stack."""


class Stack:
    """The stack that all `replicates` of a process share, built when the first of them trains.

    It has a slot for each replicate, or for each of its trainings that run at once.
    """

    def __init__(self, replicates: int) -> None:
        self.replicates = replicates
        self._network: StackedNetwork | None = None

    def network(self, trainer: "StackedTrainer") -> StackedNetwork:
        """Return the stack of networks like that of `trainer`, with as many slots as it has."""
        if self._network is None or self._network.slots != trainer.slots:
            self._network = None  # two at once may not fit
            self._network = StackedNetwork(trainer.model, trainer.slots)
        return self._network


@dataclass(kw_only=True)
class StackedTrainer(Trainer):
    """A trainer whose networks are trained in a slot of a stack; its outputs contain a Request for each event.

    The stack has so many `slots` for the trainings of which `first` is the first.
    """

    stack: Stack
    slots: int = 0
    first: TrainingKey | None = None

    def group(self, keys: Sequence[TrainingKey]) -> Sequence[Trainer]:
        """Return a trainer for each, in a slot that depends on its position among these and on the replicate alone."""
        width = self.stack.replicates
        return [
            replace(self, slot=i * width + self.slot, slots=len(keys) * width, first=keys[0]) for i in range(len(keys))
        ]

    def events(self, plan: Plan) -> Iterator[Event | Request]:
        """Ask for one event after the other; `conduct` takes the requests out of the outputs and answers them."""
        request = Request(self, plan)
        while not isinstance(request.event, Diverged | Trained):
            request.answered = False
            yield request
            if request.event is None:
                raise RuntimeError("a training went on before its request was answered")
            yield request.event

    def enter(self, plan: Plan) -> None:
        """Put the network of `plan` into the slot, and what the optimizers remember of it."""
        if plan.saved is None:
            self.stage.layout.load(self.slot, plan.weights)
        super().enter(plan)


def conduct(replicates: Mapping[int, Iterator[Step]]) -> Generator[tuple[int, Output], None, None]:
    """Yield the outputs of all `replicates`, by number: experiments on stacked trainers of one stack.

    Those behind the others catch up first. Slots whose replicate does something else meanwhile, or has ended, are
    computed and never read. So the bits of a training depend on its slot and the width of the stack alone.
    """
    waiting: dict[int, tuple[Request, ...]] = {}

    def go_on(replicate: int) -> Iterator[tuple[int, Output]]:
        """Yield everything up to where the replicate waits again, or its end."""
        waiting.pop(replicate, None)
        for output in replicates[replicate]:
            if isinstance(output, Waiting):
                waiting[replicate] = output.requests
                return
            yield replicate, output

    for replicate in replicates:
        yield from go_on(replicate)
    while waiting:
        pending = [(replicate, request) for replicate, requests in waiting.items() for request in requests]
        group = min((request for _, request in pending), key=lambda request: request.trainer.done).trainer.first
        served = {
            request.trainer.slot: (replicate, request)
            for replicate, request in pending
            if request.trainer.first == group
        }
        for slot, event in _train({slot: request for slot, (_, request) in served.items()}):
            replicate, request = served[slot]
            if request in waiting.get(replicate, ()):
                request.answered, request.event = True, event
                yield from go_on(replicate)
            if not any(request in waiting.get(replicate, ()) for replicate, request in served.values()):
                break  # none is left to listen


def _train(requests: Mapping[int, Request]) -> Iterator[SlotEvent]:
    """Make trainings of the same group, and so of the same steps and rates, as one."""
    first = next(iter(requests.values())).trainer
    layout = Stacked(first.stack.network(first), first.data.task, autocast=first.autocast)
    members = {slot: (request.trainer, request.plan) for slot, request in requests.items()}
    return train_all(layout, first.optimizers(layout.network), members)
