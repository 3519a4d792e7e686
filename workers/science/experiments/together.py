"""Trainings of one run in lock-step: what waits for a training of the same places is trained as one stack.

These are replicates, and of each the trainings of a level that are made abreast (`experiments.turns`). An experiment
knows nothing of this but the bench that it was given.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from app.contract.events import Place
from workers.science.course import Course
from workers.science.experiments import midway
from workers.science.experiments.bench import Bench, Plan
from workers.science.experiments.midway import Midway
from workers.science.metrics.density import density
from workers.science.outputs import Output
from workers.science.stacked import memory
from workers.science.stacked.network import StackedNetwork
from workers.science.stacked.training import Lane, train
from workers.science.training import Diverged, Moment


@dataclass(eq=False)
class Request:
    """A training waits for its next moment; once `answered`, `moment` holds it, None when it has ended."""

    bench: "StackedBench"
    plan: Plan
    course: Course
    answered: bool = False
    moment: Moment | None = None


@dataclass(frozen=True)
class Waiting:
    """All that a replicate waits for: it can go on when one of these requests is answered."""

    requests: tuple[Request, ...]


class Stack:
    """The stack that all `replicates` of a process share, made when the first of them trains.

    It has a slot for each replicate, or for each of its trainings that are made abreast. `optimizers` are those of the
    training that is being made.
    """

    def __init__(self, replicates: int) -> None:
        self.replicates = replicates
        self.optimizers: list[torch.optim.Optimizer] = []
        self._network: StackedNetwork | None = None

    def network(self, bench: "StackedBench") -> StackedNetwork:
        """The stack of networks like that of `bench`, with as many slots as it says."""
        if self._network is None or self._network.slots != bench.slots:
            self._network = None  # two at once may not fit
            self._network = StackedNetwork(bench.model, bench.slots)
        return self._network


@dataclass(kw_only=True)
class StackedBench(Bench):
    """A bench whose networks are trained in a slot of a stack; its outputs contain a Request for each moment.

    The stack has so many `slots` for the trainings of which `group` is the first.
    """

    stack: Stack
    slot: int
    slots: int = 0
    group: Place | None = None
    _course: Course = field(init=False, repr=False)
    _entered: bool = field(init=False, repr=False, default=False)

    def abreast(self, places: Sequence[Place]) -> Sequence[Bench]:
        """A bench for each, in a slot that depends on its place among these and on the replicate alone."""
        width = self.stack.replicates
        return [
            replace(self, slot=i * width + self.slot, slots=len(places) * width, group=places[0])
            for i in range(len(places))
        ]

    def moments(self, plan: Plan) -> Iterator[Moment | Output]:
        """Ask for one moment after the other; somebody (`conduct`) must take the requests out and answer them."""
        device = next(self.model.parameters()).device
        self._course = Course(plan.first_step) if plan.begun is None else plan.begun.course(device)
        request = Request(self, plan, self._course)
        while True:
            request.answered = False
            # No training looks at what it passes on.
            yield cast(Output, request)
            if request.moment is None:
                break
            yield request.moment
            if isinstance(request.moment, Diverged):
                break

    def state(self) -> dict[str, Tensor]:
        """The state of the slot as it is."""
        return self.stack.network(self).state(self.slot)

    def network(self) -> nn.Module:
        """A network of its own that is in that state."""
        self.model.load_state_dict(self.state())
        return self.model

    def enter(self, network: StackedNetwork, plan: Plan) -> None:
        """Put the network of `plan` into the slot, and what the optimizers remember of it."""
        self._entered = True
        if plan.begun is None:
            network.put(self.slot, plan.weights)
            return
        network.put(self.slot, plan.begun.part("network"))
        told, tensors = plan.begun.told["optimizers"], plan.begun.part("optimizers")
        memory.load(self.stack.optimizers, self.slot, self.slots, told, tensors)

    def save(self) -> Midway | None:
        """What it was saved as, until the others have come to where it stands."""
        if self._report is not None and not self._entered:
            return self._report.begun
        return super().save()

    def midway(self, place: Place, **parts: Mapping[str, Tensor]) -> Midway:
        """The training in the slot as it stands, as it would be alone, and `parts` of the caller's own, by name."""
        return midway.pack(place, self._course, self.state(), memory.dump(self.stack.optimizers, self.slot), **parts)


def conduct(replicates: Mapping[int, Iterator[Output]]) -> Generator[tuple[int, Output], None, None]:
    """The outputs of all `replicates`, by number: experiments on stacked benches of one stack.

    Those behind the others catch up first; slots whose replicate does something else meanwhile, or has ended, are
    computed and never read, so that the bits of a training depend on its slot and the width of the stack alone.
    """
    waiting: dict[int, tuple[Request, ...]] = {}

    def go_on(replicate: int) -> Iterator[tuple[int, Output]]:
        """Everything up to where the replicate waits again, or its end."""
        waiting.pop(replicate, None)
        for output in replicates[replicate]:
            if isinstance(output, Waiting):
                waiting[replicate] = output.requests
                return
            yield replicate, output

    def answer(replicate: int, request: Request, moment: Moment | None) -> Iterator[tuple[int, Output]]:
        if request in waiting.get(replicate, ()):
            request.answered, request.moment = True, moment
            yield from go_on(replicate)

    for replicate in replicates:
        yield from go_on(replicate)
    while waiting:
        asked = [(replicate, request) for replicate, requests in waiting.items() for request in requests]
        group = min((request for _, request in asked), key=lambda request: request.bench.done).bench.group
        served = {
            request.bench.slot: (replicate, request) for replicate, request in asked if request.bench.group == group
        }
        for slot, moment in _train({slot: request for slot, (_, request) in served.items()}):
            yield from answer(*served[slot], moment)
            if not any(request in waiting.get(replicate, ()) for replicate, request in served.values()):
                break  # none is left to listen
        for slot in sorted(served):
            yield from answer(*served[slot], None)


def _train(requests: Mapping[int, Request]) -> Iterator[tuple[int, Moment]]:
    """Trainings of the same group, and so of the same steps and rates, as one."""
    first = next(iter(requests.values()))
    stack, data = first.bench.stack, first.bench.data
    network = stack.network(first.bench)
    stack.optimizers = first.bench.optimizers(network.module)
    return train(
        network,
        data,
        stack.optimizers,
        {slot: _lane(request, network) for slot, request in requests.items()},
        steps=first.bench.steps,
        start=first.plan.first_step,
        eval_every=first.bench.eval_every,
        factor=first.plan.factor,
        stops=first.plan.stops,
        autocast=first.bench.autocast,
    )


def _lane(request: Request, network: StackedNetwork) -> Lane:
    bench, plan = request.bench, request.plan
    # Full masks cost time and change nothing.
    masks = plan.masks if density(plan.masks) < 1 else None
    return Lane(bench.batches, masks, request.course, partial(bench.enter, network, plan))
