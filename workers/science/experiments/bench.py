"""The bench on which the networks of a replicate are trained, one after the other, and what each training measures."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from math import nan

import torch
from torch import Tensor, nn

from app.contract.events import Place, Progress
from workers.science.course import Course
from workers.science.data.dataset import Dataset
from workers.science.experiments import midway
from workers.science.experiments.midway import Clock, Due, Midway
from workers.science.experiments.rows import one_row, outcome
from workers.science.metrics.density import density
from workers.science.outputs import Output
from workers.science.sparse.layout import Layout, lay_out
from workers.science.training import Batches, Diverged, Evaluated, Moment, Tick, evaluated, train


@dataclass
class Trained:
    """How a training ended: the state at its last step, None if it diverged, and the one at the step asked for.

    Both are copies on the CPU. `diverged_step` is after how many updates it diverged, None if it did not.
    """

    state: dict[str, Tensor] | None = None
    snapshot: dict[str, Tensor] | None = None
    diverged_step: int | None = None


@dataclass(frozen=True)
class Plan:
    """What one training starts from and how it goes; `begun` is what is left of it if it had begun."""

    place: Place
    weights: Mapping[str, Tensor]
    masks: Mapping[str, Tensor]
    factor: Callable[[int], float]
    first_step: int
    snapshot_step: int | None
    begun: Midway | None

    @property
    def stops(self) -> tuple[int, ...]:
        """Steps at which a Tick must come."""
        return () if self.snapshot_step is None else (self.snapshot_step,)


@dataclass
class _Underway:
    """The training that is being made."""

    layout: Layout
    optimizers: list[torch.optim.Optimizer]
    course: Course


@dataclass
class _Report:
    """What the training has told so far."""

    place: Place
    begun: Midway | None
    trained: Trained = field(default_factory=Trained)
    rows: list[Evaluated] = field(default_factory=list)


@dataclass
class Bench:
    """What all trainings of a replicate share; `done` of `total` optimizer steps lie behind it.

    `optimizers(model)` makes fresh ones. Every training runs up to `steps`, wherever it begins. Below the density
    `csr_below`, linear layers are trained as compressed sparse rows. `autocast` is as for `train`.
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
    autocast: torch.dtype | None = None
    _underway: _Underway = field(init=False, repr=False)
    _report: _Report | None = field(init=False, repr=False, default=None)

    def abreast(self, places: Sequence[Place]) -> Sequence["Bench"]:
        """A bench for each of these trainings, to be made at once: for one alone, unless benches share a stack."""
        if len(places) > 1:
            raise ValueError(f"{len(places)} trainings at once need a stack")
        return [self]

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
    ) -> Generator[Output | Due, None, Trained]:
        """Train from `weights` under `masks`, from `first_step` on, and measure.

        Yields the series `evaluation` with progress between its rows, Due whenever the clock asks to `save`, and
        `outcome`. `begun` is this training as it was saved: what was said by then is not said again.
        """
        self._report = report = _Report(place, begun)
        trained, rows = report.trained, report.rows
        if begun is not None:
            rows += [Evaluated(int(step), *values) for step, *values in begun.part("rows")["all"].tolist()]
            trained.snapshot = begun.part("snapshot") or None
            trained.diverged_step = begun.told.get("lost")
        plan = Plan(place, weights, masks, factor, first_step, snapshot_step, begun)
        for moment in self.moments(plan) if trained.diverged_step is None else ():
            if isinstance(moment, Evaluated):
                rows.append(moment)
                yield one_row("evaluation", place, vars(moment))
            elif isinstance(moment, Diverged):
                trained.diverged_step = moment.step
            elif isinstance(moment, Tick):
                if moment.step == snapshot_step and trained.snapshot is None:
                    trained.snapshot = self.state()
                yield self._progress(place, moment, first_step)
                if moment.between and self.clock.due():
                    yield Due()
            else:
                yield moment
        train_accuracy = nan
        if trained.diverged_step is None:
            trained.state = self.state()
            train_accuracy = yield from self._train_accuracy(place, first_step)
        yield one_row("outcome", place, outcome(rows, density(masks), train_accuracy, trained.diverged_step))
        return trained

    def save(self) -> Midway | None:
        """The training as it stands between two steps; None if it has not begun."""
        report = self._report
        if report is None:
            return None
        rows = {"all": torch.tensor([astuple(row) for row in report.rows], dtype=torch.float64)}
        return self.midway(report.place, rows=rows, snapshot=report.trained.snapshot or {})

    def moments(self, plan: Plan) -> Iterator[Moment | Output]:
        """Train as `plan` says and yield what happens; outputs among it are passed on as they are."""
        self.model.load_state_dict(plan.weights)
        layout = lay_out(self.model, plan.masks, self.csr_below)
        optimizers = self.optimizers(layout.network)
        course = Course(plan.first_step) if plan.begun is None else plan.begun.restore(layout.network, optimizers)
        self._underway = _Underway(layout, optimizers, course)
        yield from train(
            layout.network,
            self.data,
            optimizers,
            self.batches,
            steps=self.steps,
            start=plan.first_step,
            eval_every=self.eval_every,
            factor=plan.factor,
            # Full masks cost time and change nothing.
            masks=layout.masks if density(plan.masks) < 1 else None,
            stops=plan.stops,
            course=course,
            autocast=self.autocast,
        )

    def state(self) -> dict[str, Tensor]:
        """The state of the network that is being trained, as copies on the CPU."""
        return self._underway.layout.state()

    def network(self) -> nn.Module:
        """The network that was trained last, to evaluate it."""
        return self._underway.layout.network

    def midway(self, place: Place, **parts: Mapping[str, Tensor]) -> Midway:
        """The training as it stands, and `parts` of the caller's own, by name."""
        now = self._underway
        return midway.save(place, now.course, now.layout.network, now.optimizers, **parts)

    def _train_accuracy(self, place: Place, first_step: int) -> Generator[Output, None, float]:
        ticks = evaluated(self.network(), self.data.train, self.steps)
        while True:
            try:
                yield self._progress(place, next(ticks), first_step)
            except StopIteration as end:
                accuracy: float = end.value.accuracy
                return accuracy

    def _progress(self, place: Place, tick: Tick, first_step: int) -> Progress:
        return Progress(done=self.done + tick.step - first_step, total=self.total, place=place, step=tick.step)
