"""The bench on which the networks of a replicate are trained, one after the other, and what each training measures."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import astuple, dataclass, field
from math import nan

import torch
from torch import Tensor, nn

from app.contract.events import Place, Progress
from workers.science.course import Course
from workers.science.data.dataset import Dataset
from workers.science.experiments import midway
from workers.science.experiments.midway import Clock, Midway
from workers.science.experiments.rows import one_row, outcome
from workers.science.metrics.density import density
from workers.science.outputs import Output
from workers.science.sparse.layout import Layout, lay_out
from workers.science.training import Batches, Diverged, Evaluated, Tick, evaluated, train


@dataclass
class Trained:
    """How a training ended: the state at its last step, None if it diverged, and the one at the step asked for.

    Both are copies on the CPU.
    """

    state: dict[str, Tensor] | None = None
    snapshot: dict[str, Tensor] | None = None


@dataclass
class Bench:
    """What all trainings of a replicate share; `done` of `total` optimizer steps lie behind it.

    `optimizers(model)` makes fresh ones. Every training runs up to `steps`, wherever it begins. Below the density
    `csr_below`, linear layers are trained as compressed sparse rows.
    """

    model: nn.Module
    data: Dataset
    batches: Batches
    optimizers: Callable[[nn.Module], list[torch.optim.Optimizer]]
    steps: int
    eval_every: int
    total: int
    done: int
    csr_below: float = 0.0
    clock: Clock = field(default_factory=Clock)

    def train(
        self,
        place: Place,
        weights: Mapping[str, Tensor],
        masks: Mapping[str, Tensor],
        factor: Callable[[int], float],
        *,
        first_step: int = 0,
        snapshot_step: int | None = None,
        begun: Midway | None = None,
    ) -> Generator[Output | Midway, None, Trained]:
        """Train from `weights` under `masks`, from `first_step` on, and measure.

        Yields the series `evaluation` with progress between its rows, a Midway whenever the clock asks for one, and
        `outcome`. `begun` is this training as one of these left it: what was said before it is not said again.
        """
        self.model.load_state_dict(weights)
        layout = lay_out(self.model, masks, self.csr_below)
        optimizers = self.optimizers(layout.network)
        course, trained, rows = Course(first_step), Trained(), list[Evaluated]()
        if begun is not None:
            course = begun.restore(layout.network, optimizers)
            rows = [Evaluated(int(step), *values) for step, *values in begun.part("rows")["all"].tolist()]
            trained.snapshot = begun.part("snapshot") or None
        diverged_step = None
        for moment in train(
            layout.network,
            self.data,
            optimizers,
            self.batches,
            steps=self.steps,
            start=first_step,
            eval_every=self.eval_every,
            factor=factor,
            # Full masks cost time and change nothing.
            masks=layout.masks if density(masks) < 1 else None,
            stops=() if snapshot_step is None else (snapshot_step,),
            course=course,
        ):
            if isinstance(moment, Evaluated):
                rows.append(moment)
                yield one_row("evaluation", place, vars(moment))
            elif isinstance(moment, Diverged):
                diverged_step = moment.step
            else:
                if moment.step == snapshot_step and trained.snapshot is None:
                    trained.snapshot = layout.state()
                yield self._progress(place, moment, first_step)
                if moment.between and self.clock.due():
                    told = {"all": torch.tensor([astuple(row) for row in rows], dtype=torch.float64)}
                    snapshot = trained.snapshot or {}
                    yield midway.save(place, course, layout.network, optimizers, rows=told, snapshot=snapshot)
        train_accuracy = nan
        if diverged_step is None:
            trained.state = layout.state()
            train_accuracy = yield from self._train_accuracy(place, layout, first_step)
        yield one_row("outcome", place, outcome(rows, density(masks), train_accuracy, diverged_step))
        self.done += self.steps - first_step
        return trained

    def _train_accuracy(self, place: Place, layout: Layout, first_step: int) -> Generator[Output, None, float]:
        ticks = evaluated(layout.network, self.data.train, self.steps)
        while True:
            try:
                yield self._progress(place, next(ticks), first_step)
            except StopIteration as end:
                accuracy: float = end.value.accuracy
                return accuracy

    def _progress(self, place: Place, tick: Tick, first_step: int) -> Progress:
        return Progress(done=self.done + tick.step - first_step, total=self.total, place=place, step=tick.step)
