"""The trainer of a replicate's networks, one after the other, and what each training measures."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from math import nan
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from app.contract.events import Progress
from app.contract.training_key import TrainingKey
from workers.science.data.dataset import Dataset
from workers.science.experiments import training_checkpoint
from workers.science.experiments.clock import Clock, Due
from workers.science.experiments.rows import one_row, outcome
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.metrics.density import density
from workers.science.outputs import Output
from workers.science.train.batches import Batches
from workers.science.train.evaluation import Evaluate, TrainAccuracy
from workers.science.train.events import Diverged, Evaluated, Event, Observed, SlotEvent, Tick, Trained
from workers.science.train.hooks import Enter, Hook
from workers.science.train.layout import Layout
from workers.science.train.loop import Every, train
from workers.science.train.masks import Masks
from workers.science.train.pruning import Prune, Pruner
from workers.science.train.rates import Rates
from workers.science.train.snapshot import Snapshot
from workers.science.train.sparse import lay_out
from workers.science.train.state import LoopState

if TYPE_CHECKING:
    from workers.science.experiments.stacked_trainer import Request


@dataclass
class Ended:
    """How a training ended: the state at its last step, None if it diverged, and the one at the requested step.

    Both are copies on the CPU, as are the `masks` with which it ended. `diverged_step` is after how many updates it
    diverged, None if it did not.
    """

    masks: Mapping[str, Tensor]
    state: dict[str, Tensor] | None = None
    snapshot: Mapping[str, Tensor] | None = None
    diverged_step: int | None = None


@dataclass(frozen=True)
class Plan:
    """What one training starts from and how it proceeds; `saved` is its checkpoint if it resumes.

    With a `pruner` its masks change as it trains.
    """

    key: TrainingKey
    weights: Mapping[str, Tensor]
    masks: Mapping[str, Tensor]
    factor: Callable[[int], float]
    first_step: int = 0
    snapshot_step: int | None = None
    saved: TrainingCheckpoint | None = None
    pruner: Pruner | None = None

    def state(self, device: torch.device) -> LoopState:
        """Return the state of its loop, for a network on `device`."""
        return LoopState(self.first_step) if self.saved is None else self.saved.state(device)


@dataclass(frozen=True)
class Stage:
    """What trainings that run at once share: the layout of their networks, the optimizers and the hooks."""

    layout: Layout
    optimizers: Sequence[torch.optim.Optimizer]
    hooks: Sequence[Hook]


@dataclass
class Trainer:
    """What all trainings of a replicate share; `done` of `total` optimizer steps lie behind it.

    `optimizers(model)` makes fresh ones. Every training runs up to `steps`, wherever it begins. Below the density
    `csr_below`, linear layers are trained as compressed sparse rows. `autocast` is as for `Dense`.
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
    slot: int = 0
    plan: Plan | None = field(init=False, repr=False, default=None)
    state: LoopState = field(init=False, repr=False)
    stage: Stage = field(init=False, repr=False)
    entered: bool = field(init=False, repr=False, default=False)
    rows: list[Evaluated] = field(init=False, repr=False, default_factory=list)

    def group(self, keys: Sequence[TrainingKey]) -> Sequence["Trainer"]:
        """Return a trainer for each training of a group that runs at once: of one, unless trainers share a stack."""
        if len(keys) > 1:
            raise ValueError(f"{len(keys)} trainings at once need a stack")
        return [self]

    def train(self, plan: Plan) -> "Generator[Output | Due | Request, None, Ended]":
        """Train by `plan`, and measure.

        Yields the series `evaluation` with progress between its rows, Due whenever it is time to `save`, and `outcome`.
        A training that resumes does not log again what it has logged.
        """
        self.plan, self.state, self.entered = plan, plan.state(next(self.model.parameters()).device), False
        kept = [] if plan.saved is None else plan.saved.part("rows")["all"].tolist()
        self.rows = [Evaluated(int(step), *values) for step, *values in kept]
        ended, train_accuracy = Ended(plan.masks), nan
        for event in self.events(plan):
            match event:
                case Evaluated():
                    self.rows.append(event)
                    yield one_row("evaluation", plan.key, vars(event))
                case Tick():
                    done = self.done + event.step - plan.first_step
                    yield Progress(done=done, total=self.total, key=plan.key, step=event.step)
                    if event.between and self.clock.due():
                        yield Due()
                case Diverged():
                    ended.diverged_step = event.step
                case Trained():
                    ended.state, train_accuracy = self.stage.layout.state(self.slot), event.train_accuracy
                case Observed():
                    raise TypeError("nothing watches a matrix in these trainings")
                case _:
                    yield event
        taken = (hook.state(self.slot) for hook in self.stage.hooks if isinstance(hook, Snapshot))
        ended.snapshot = next((snapshot for snapshot in taken if snapshot), None)
        if plan.pruner is not None:
            ended.masks = next(hook.masks(self.slot) for hook in self.stage.hooks if isinstance(hook, Masks))
        sparse_from = 0 if plan.pruner is None else plan.pruner.steps[-1]
        values = outcome(self.rows, density(ended.masks), train_accuracy, ended.diverged_step, sparse_from)
        yield one_row("outcome", plan.key, values)
        return ended

    def save(self) -> TrainingCheckpoint | None:
        """Return the training as it is between two steps; None if it has not begun."""
        if self.plan is None:
            return None
        if not self.entered:
            return self.plan.saved
        stage = self.stage
        return training_checkpoint.save(
            self.plan.key,
            self.state,
            stage.layout.raw(self.slot),
            stage.layout.memory(stage.optimizers, self.slot),
            rows={"all": torch.tensor([astuple(row) for row in self.rows], dtype=torch.float64)},
            **training_checkpoint.hook_states(stage.hooks, self.slot),
        )

    def events(self, plan: Plan) -> "Iterator[Event | Request]":
        """Train by `plan` and yield what happens."""
        self.model.load_state_dict(plan.weights)
        # Sparse rows hold the weights that they were built with: what is pruned on the way is dense.
        csr_below = self.csr_below if plan.pruner is None else 0.0
        layout = lay_out(self.model, plan.masks, csr_below, self.data.task, autocast=self.autocast)
        for _, event in train_all(layout, self.optimizers(layout.network), {self.slot: (self, plan)}):
            yield event

    def enter(self, plan: Plan) -> None:
        """Go on from where the training was saved."""
        self.entered = True
        if plan.saved is not None:
            plan.saved.enter(self.stage.layout, self.stage.optimizers, self.slot)


def train_all(
    layout: Layout, optimizers: Sequence[torch.optim.Optimizer], members: Mapping[int, tuple[Trainer, Plan]]
) -> Iterator[SlotEvent]:
    """Train the networks in the slots of a layout; all plans are of the same steps and rates."""
    first, shared = next(iter(members.values()))
    pruners = {slot: plan.pruner for slot, (_, plan) in members.items() if plan.pruner is not None}
    # Full masks that stay full cost time and change nothing.
    own = {slot: plan.masks for slot, (_, plan) in members.items() if slot in pruners or density(plan.masks) < 1}
    masks = Masks(layout, own) if any(name in item for name in layout.kernels for item in own.values()) else None
    steps = {slot: plan.snapshot_step for slot, (_, plan) in members.items()}
    hooks: list[Hook] = [
        Enter({slot: _entering(trainer, plan) for slot, (trainer, plan) in members.items()}),
        *([masks] if masks is not None else []),
        *([Prune(layout, masks, pruners)] if masks is not None and pruners else []),
        Rates(optimizers, shared.factor),
        *(Snapshot(layout, slot, step) for slot, step in steps.items() if step is not None),
        Evaluate(layout, first.data),
        TrainAccuracy(layout, first.data, first.steps),
    ]
    for slot, (trainer, plan) in members.items():
        trainer.stage = Stage(layout, optimizers, hooks)
        if plan.saved is not None:
            plan.saved.load(hooks, slot)
    states = {slot: trainer.state for slot, (trainer, _) in members.items()}
    to_come = first.steps - min(state.step for state in states.values())
    feed = layout.feed(first.data, {slot: trainer.batches for slot, (trainer, _) in members.items()}, to_come)
    return train(
        layout,
        optimizers,
        feed,
        states,
        hooks,
        steps=first.steps,
        start=shared.first_step,
        measured=Every(first.eval_every, first.steps),
    )


def _entering(trainer: Trainer, plan: Plan) -> Callable[[], None]:
    return lambda: trainer.enter(plan)
