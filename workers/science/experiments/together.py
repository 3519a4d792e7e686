"""Replicates of one run in lock-step: where all of them wait for a training of the same place, one stack does it.

An experiment knows nothing of this but the bench that it was given.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
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
from workers.science.training import Moment


@dataclass
class Request:
    """A replicate waits for the next moment of a training; `moment` holds the last, None when it has ended."""

    bench: "StackedBench"
    plan: Plan
    course: Course
    moment: Moment | None = None


class Stack:
    """The stack that all replicates of a process share, made when the first of them trains.

    `optimizers` are those of the training that is being made.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.optimizers: list[torch.optim.Optimizer] = []
        self._network: StackedNetwork | None = None

    def network(self, bench: Bench) -> StackedNetwork:
        """The stack of networks like that of `bench`."""
        if self._network is None:
            self._network = StackedNetwork(bench.model, self.slots)
        return self._network


@dataclass(kw_only=True)
class StackedBench(Bench):
    """A bench whose networks are trained in a slot of a stack; its outputs contain a Request for each moment."""

    stack: Stack
    slot: int
    _course: Course = field(init=False, repr=False)

    def moments(self, plan: Plan) -> Iterator[Moment | Output]:
        """Ask for one moment after the other; somebody (`conduct`) must take the requests out and answer them."""
        device = next(self.model.parameters()).device
        self._course = Course(plan.first_step) if plan.begun is None else plan.begun.course(device)
        request = Request(self, plan, self._course)
        while True:
            # No experiment looks at what it passes on.
            yield cast(Output, request)
            if request.moment is None:
                break
            yield request.moment

    def state(self) -> dict[str, Tensor]:
        """The state of the slot as it is."""
        return self.stack.network(self).state(self.slot)

    def network(self) -> nn.Module:
        """A network of its own that is in that state."""
        self.model.load_state_dict(self.state())
        return self.model

    def midway(self, place: Place, **parts: Mapping[str, Tensor]) -> Midway:
        """The training in the slot as it stands, as it would be alone, and `parts` of the caller's own, by name."""
        return midway.pack(place, self._course, self.state(), memory.dump(self.stack.optimizers, self.slot), **parts)


def conduct(replicates: Mapping[int, Iterator[Output]]) -> Generator[tuple[int, Output], None, None]:
    """The outputs of all `replicates`, by slot: experiments on stacked benches of one stack.

    Those behind the others catch up first; slots whose replicate does something else meanwhile, or has ended, are
    computed and never read, so that the bits of a replicate depend on its slot and the width of the stack alone.
    """
    waiting: dict[int, Request] = {}

    def go_on(slot: int) -> Iterator[tuple[int, Output]]:
        """Everything up to the replicate's next request, or its end."""
        waiting.pop(slot, None)
        for output in replicates[slot]:
            if isinstance(output, Request):
                waiting[slot] = output
                return
            yield slot, output

    for slot in replicates:
        yield from go_on(slot)
    while waiting:
        place = min(waiting.values(), key=lambda request: request.bench.done).plan.place
        served = {slot: request for slot, request in waiting.items() if request.plan.place == place}
        for slot, moment in _train(served):
            if slot in waiting:
                served[slot].moment = moment
                yield from go_on(slot)
            if waiting.keys().isdisjoint(served):
                break  # none is left to listen
        for slot in served:
            if slot in waiting:
                served[slot].moment = None
                yield from go_on(slot)


def _train(requests: Mapping[int, Request]) -> Iterator[tuple[int, Moment]]:
    """Trainings of the same place, and so of the same steps and rates, as one."""
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

    def enter() -> None:
        if plan.begun is None:
            network.put(bench.slot, plan.weights)
            return
        network.put(bench.slot, plan.begun.part("network"))
        told, tensors = plan.begun.told["optimizers"], plan.begun.part("optimizers")
        memory.load(bench.stack.optimizers, bench.slot, bench.stack.slots, told, tensors)

    # Full masks cost time and change nothing.
    return Lane(bench.batches, plan.masks if density(plan.masks) < 1 else None, request.course, enter)
