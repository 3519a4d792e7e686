"""The bench on which the networks of a replicate are trained, one after the other, and what each training measures."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from math import nan

import torch
from torch import Tensor, nn

from app.contract.events import Place, Progress
from workers.science.data.dataset import Dataset
from workers.science.experiments.rows import one_row, outcome
from workers.science.metrics.density import density
from workers.science.outputs import Output
from workers.science.training import Batches, Diverged, Evaluated, Moment, Tick, evaluated, train


@dataclass
class Trained:
    """How a training ended: the state at its last step, None if it diverged, and the one at the step asked for.

    Both are copies on the CPU.
    """

    state: dict[str, Tensor] | None = None
    snapshot: dict[str, Tensor] | None = None


@dataclass(frozen=True)
class Plan:
    """What one training starts from and how it goes; `masks` is None when nothing is pruned."""

    place: Place
    weights: Mapping[str, Tensor]
    masks: Mapping[str, Tensor] | None
    factor: Callable[[int], float]
    first_step: int
    snapshot_step: int | None

    @property
    def stops(self) -> tuple[int, ...]:
        """Steps at which a Tick must come."""
        return () if self.snapshot_step is None else (self.snapshot_step,)


@dataclass
class Bench:
    """What all trainings of a replicate share; `done` of `total` optimizer steps lie behind it.

    `optimizers(model)` makes fresh ones. Every training runs up to `steps`, wherever it begins.
    """

    model: nn.Module
    data: Dataset
    batches: Batches
    optimizers: Callable[[nn.Module], list[torch.optim.Optimizer]]
    steps: int
    eval_every: int
    total: int
    done: int

    def train(
        self,
        place: Place,
        weights: Mapping[str, Tensor],
        masks: Mapping[str, Tensor],
        factor: Callable[[int], float],
        *,
        first_step: int = 0,
        snapshot_step: int | None = None,
    ) -> Generator[Output, None, Trained]:
        """Train from `weights` under `masks`, from `first_step` on, and measure.

        Yields the series `evaluation` with progress between its rows, and `outcome`.
        """
        trained, rows, diverged_step = Trained(), list[Evaluated](), None
        # Full masks cost time and change nothing.
        plan = Plan(place, weights, masks if density(masks) < 1 else None, factor, first_step, snapshot_step)
        for moment in self.moments(plan):
            if isinstance(moment, Evaluated):
                rows.append(moment)
                yield one_row("evaluation", place, vars(moment))
            elif isinstance(moment, Diverged):
                diverged_step = moment.step
            elif isinstance(moment, Tick):
                if moment.step == snapshot_step and trained.snapshot is None:
                    trained.snapshot = self.state()
                yield self._progress(place, moment, first_step)
            else:
                yield moment
        train_accuracy = nan
        if diverged_step is None:
            trained.state = self.state()
            train_accuracy = yield from self._train_accuracy(place, first_step)
        yield one_row("outcome", place, outcome(rows, density(masks), train_accuracy, diverged_step))
        self.done += self.steps - first_step
        return trained

    def moments(self, plan: Plan) -> Iterator[Moment | Output]:
        """Train as `plan` says and yield what happens; outputs among it are passed on as they are."""
        self.model.load_state_dict(plan.weights)
        yield from train(
            self.model,
            self.data,
            self.optimizers(self.model),
            self.batches,
            steps=self.steps,
            start=plan.first_step,
            eval_every=self.eval_every,
            factor=plan.factor,
            masks=plan.masks,
            stops=plan.stops,
        )

    def state(self) -> dict[str, Tensor]:
        """The state of the network as it is, as copies on the CPU."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}

    def _train_accuracy(self, place: Place, first_step: int) -> Generator[Output, None, float]:
        ticks = evaluated(self.model, self.data.train, self.steps)
        while True:
            try:
                yield self._progress(place, next(ticks), first_step)
            except StopIteration as end:
                accuracy: float = end.value.accuracy
                return accuracy

    def _progress(self, place: Place, tick: Tick, first_step: int) -> Progress:
        return Progress(done=self.done + tick.step - first_step, total=self.total, place=place, step=tick.step)
