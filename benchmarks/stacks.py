"""The same trainings as one stack and one after the other, for benchmarks that compare the two."""

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import adam
from workers.science.random import generator
from workers.science.stacked.network import StackedNetwork
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.evaluation import Evaluate
from workers.science.train.events import Evaluated, Event
from workers.science.train.loop import Every, train
from workers.science.train.masks import Masks
from workers.science.train.stacked import Stacked
from workers.science.train.state import LoopState

Way = Callable[[], object]


class Replicate:
    """One network with its start, data order, and masks of a density of 0.2 unless it is `dense`."""

    def __init__(self, number: int, model: nn.Module, data: Dataset, batch: int, *, dense: bool) -> None:
        self.model, device = model, data.train.x.device
        initialise(self.model, generator(number, "init"))
        self.masks = None if dense else self._masks(number)
        self.model.to(device)
        self.start = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        n = len(data.train)
        self.batches = Batches(
            n, batch, lambda e: torch.randperm(n, generator=generator(number, "order", e)).to(device)
        )

    def _masks(self, number: int) -> dict[str, Tensor]:
        return {
            name: torch.rand(layer.shape, generator=generator(number, name)) < 0.2
            for name, layer in prunable(self.model).items()
        }


class Trainings:
    """`n` replicates of `blank()`, the first `dense` of them unmasked, trained with fused Adam for so many steps."""

    def __init__(
        self,
        blank: Callable[[], nn.Module],
        data: Dataset,
        n: int,
        *,
        batch: int,
        steps: int,
        eval_every: int,
        dense: int = 0,
    ) -> None:
        self._data, self._steps, self._eval_every = data, steps, eval_every
        self.replicates = [Replicate(i, blank(), data, batch, dense=i < dense) for i in range(n)]
        self._stack = StackedNetwork(self.replicates[0].model, n)

    def apart(self, n: int | None = None) -> list[Evaluated]:
        """Return the last rows of the first `n`, or of all, trained one after the other."""
        return [_last(self._alone(replicate)) for replicate in self.replicates[:n]]

    def stacked(self) -> list[Evaluated]:
        """Return the last rows of all, trained as one."""
        layout, members = Stacked(self._stack), dict(enumerate(self.replicates))
        for slot, member in members.items():
            layout.load(slot, member.start)
        masks = {slot: member.masks for slot, member in members.items() if member.masks is not None}
        events: dict[int, list[Event]] = {slot: [] for slot in members}
        for slot, event in train(
            layout,
            adam.build(layout.network),
            layout.feed(self._data, {slot: member.batches for slot, member in members.items()}, self._steps),
            {slot: LoopState() for slot in members},
            [Masks(layout, masks), Evaluate(layout, self._data)],
            steps=self._steps,
            measured=Every(self._eval_every, self._steps),
        ):
            events[slot].append(event)
        return [_last(of_slot) for of_slot in events.values()]

    def _alone(self, replicate: Replicate) -> list[Event]:
        model = replicate.model
        model.load_state_dict(replicate.start)
        events = train_alone(
            Dense(model),
            self._data,
            adam.build(model),
            replicate.batches,
            steps=self._steps,
            eval_every=self._eval_every,
            masks=replicate.masks,
        )
        return list(events)


def times(ways: Mapping[str, Way], rounds: int) -> tuple[dict[str, float], dict[str, object]]:
    """Return the median seconds of each way over interleaved rounds, after one to warm up, and its last result."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    gave: dict[str, object] = {}
    for round_ in range(1 + rounds):
        for name, way in ways.items():
            began = _now()
            gave[name] = way()
            if round_ > 0:
                taken[name].append(_now() - began)
    return {name: median(seconds) for name, seconds in taken.items()}, gave


def same(some: object, others: object) -> None:
    """Check that both did the same work, or a ratio means nothing. Raises AssertionError."""
    assert isinstance(some, list)
    assert isinstance(others, list)
    for one, other in zip(some, others, strict=True):
        torch.testing.assert_close(one.test_loss, other.test_loss, rtol=1e-3, atol=1e-3)


def relative_time(trainings: Trainings, rounds: int) -> float:
    """Return the median time of the stack over that of its replicates, trained one after the other to equal losses."""
    took, gave = times({"apart": trainings.apart, "stacked": trainings.stacked}, rounds)
    same(gave["apart"], gave["stacked"])
    return took["stacked"] / took["apart"]


def _now() -> float:
    """Return seconds: of the processor, or of the wall once a GPU has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def _last(events: list[Event]) -> Evaluated:
    return [event for event in events if isinstance(event, Evaluated)][-1]
