"""One replicate of a lottery run: the dense network, then at each level the ticket and every draw of its controls."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.contract.events import WINNING_TICKET, Measured, Progress
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.masks.sums import strata_of
from workers.science.build import build
from workers.science.controls.context import ControlContext, InitialState
from workers.science.data import augmentation
from workers.science.experiments import replicate_progress
from workers.science.experiments.clock import Due
from workers.science.experiments.datasets import dataset, dataset_on
from workers.science.experiments.initial_states import InitialStates
from workers.science.experiments.interleave import Member, interleave
from workers.science.experiments.replicate_progress import ReplicateProgress
from workers.science.experiments.rows import movement_rows
from workers.science.experiments.stacked_trainer import Request, Step
from workers.science.experiments.ticket import Ticket, mask_outputs, pack, unpack
from workers.science.experiments.ticket_chain import TicketChain
from workers.science.experiments.trainer import Ended, Plan, Trainer
from workers.science.metrics.movement import histograms
from workers.science.models.init import initialise
from workers.science.optim.for_model import for_model
from workers.science.outputs import Checkpoint, Resume, Tensors
from workers.science.random import generator
from workers.science.sparse.layout import sparse_layers
from workers.science.train.batches import Batches
from workers.science.train.pruning import Pruner

DENSE = LotteryKey()


class Replicate:
    """Run one replicate: train the dense network, then per level prune, rewind, train the ticket and its controls."""

    def __init__(
        self,
        spec: LotterySpec,
        replicate: int,
        device: torch.device,
        datasets_dir: Path,
        resume: Resume | None,
        trainer: Callable[..., Trainer],
        stacks: Sequence[str],
    ) -> None:
        self._spec, self._device, self._resume = spec, device, resume
        self._key = partial(generator, spec.seed, replicate)
        data = dataset_on(device, spec.dataset, datasets_dir)
        self._n_train = len(data.train)
        self._blank = partial(build(spec.model), data.shape, data.n_classes)
        self._chain = TicketChain(spec, self._key, dataset(spec.dataset, datasets_dir), self._blank, resume)
        self._schedule = build(spec.schedule)
        self._diverged = replicate_progress.diverged(resume, LotteryKey)
        # What a divergence has cut short counts with the steps that were trained.
        self._steps = dict(spec.parts())
        self._steps |= {key: steps for key, steps in self._diverged.items() if steps is not None}
        reachable = [key for key in self._steps if not self._cut_off(key.level)]
        self._progress = ReplicateProgress(spec, reachable, stacks, resume)
        self._theta0: Mapping[str, Tensor] = self._chain.load("init") if resume else self._initial("init")
        self._chain.theta0 = self._theta0
        # Where weights go back to. Until the dense network has passed the rewind step: initialisation.
        self._rewound = self._theta0
        done = self._progress.done
        if DENSE in done and DENSE not in self._diverged and spec.rewind_step > 0:
            self._rewound = self._chain.load("rewind")
        model = self._blank().to(device)
        self._trainer = trainer(
            model,
            data,
            Batches(self._n_train, spec.batch_size, self._shuffle, None if spec.augmentation == "none" else self._draw),
            for_model(build(spec.optimizer), model, data.train.x[:2]),
            spec.steps,
            spec.eval_every,
            total=sum(self._steps.values()),
            done=sum(self._steps[key] for key in done),
        )

    def run(self) -> Iterator[Step]:
        """Make every training that is not done yet, level by level, the ticket before its controls."""
        if self._resume is None:
            yield Tensors("init", DENSE, self._theta0)
        for level, groups in groupby(self._progress.groups, lambda group: group[0].level):
            if self._cut_off(level):
                continue
            masks = self._chain.masks(level)
            states = InitialStates(self._initial_states(level, masks), self._progress.left)
            for group in groups:
                yield from self._make(group, masks, states)
                yield self._checkpoint()
        yield Progress(done=self._total(), total=self._total())

    def _make(self, group: Sequence[LotteryKey], masks: Mapping[str, Tensor], states: InitialStates) -> Iterator[Step]:
        """Make what is left of the trainings of a group, at once."""
        members = [
            Member(key, trainer, self._training(key, trainer, masks, states))
            for key, trainer in zip(group, self._trainer.group(group), strict=True)
            if self._progress.left(key)
        ]
        for output in interleave(members, self._progress.order, self._trainer.done, self._steps):
            if isinstance(output, Progress):
                yield output.model_copy(update={"total": self._total()})
            else:
                yield self._checkpoint(members) if isinstance(output, Due) else output
        self._trainer.done += sum(self._steps[member.key] for member in members)

    def _training(
        self, key: LotteryKey, trainer: Trainer, masks: Mapping[str, Tensor], states: InitialStates
    ) -> Iterator[Step | Due | Request]:
        if key.control == WINNING_TICKET:
            yield from self._ticket(key, trainer, masks)
            return
        state, masks = states.of(key), self._found(key.level, masks)
        pruner = None if state.scores is None else self._chain.pruner(key.level, state.masks, state.scores)
        # Strata are those of the ticket's own initial weights, which not every control shares.
        strata = self._strata if state.weights is self._rewound else None
        yield from self._train(key, trainer, state.weights, state.masks, self._factor, masks, strata, pruner=pruner)

    def _ticket(self, key: LotteryKey, trainer: Trainer, masks: Mapping[str, Tensor]) -> Iterator[Step | Due | Request]:
        level, spec = key.level, self._spec
        weights: Mapping[str, Tensor] = self._rewound
        factor: Callable[[int], float] = self._factor
        if level > 0 and spec.rewind != "weights":
            weights = self._chain.trained(self._chain.parent(level)).weights
            if spec.rewind == "fine_tune":
                factor = partial(_always, self._factor(spec.steps - 1))
        snapshot_step = spec.rewind_step if level == 0 and spec.rewind_step > 0 else None
        trained = yield from self._train(
            key, trainer, weights, masks, factor, self._chain.base(level), self._strata, snapshot_step=snapshot_step,
            pruner=self._chain.pruner(level, masks),
        )  # fmt: skip
        masks = trained.masks
        if self._chain.in_training:
            self._chain.keep_final_masks(level, masks)
        if trained.snapshot is not None:
            self._rewound = trained.snapshot
            yield Tensors("rewind", DENSE, trained.snapshot)
        if trained.state is not None:
            tensors = pack(Ticket(masks, trained.state))
            yield Tensors("ticket", key, tensors)
            # Read back what was packed, so that a level continues from the same bits as after a resume.
            ticket = unpack(tensors, masks)
            self._chain.keep(level, ticket)
            yield from self._movement(key, weights, ticket)

    def _found(self, level: int, masks: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return the masks of a level's ticket, which began to train with `masks`."""
        return self._chain.final_masks(level) if self._chain.in_training else masks

    def _initial_states(self, level: int, masks: Mapping[str, Tensor]) -> Iterator[tuple[LotteryKey, InitialState]]:
        """Yield the initial state of each draw of each control at a level, whose ticket began with `masks`."""
        known = self._found(level, masks)
        for branch in self._spec.branches:
            context = ControlContext(
                masks=known,
                theta0=self._rewound,
                fresh=lambda draw, kind=branch.kind: self._initial(kind, "init", level, draw),  # type: ignore[misc]
                generator=lambda draw, kind=branch.kind: self._key(kind, "mask", level, draw),  # type: ignore[misc]
                prune_at_init=partial(self._chain.masks_at_init, level),
                first=masks,
            )
            state: InitialState
            for draw, state in enumerate(build(branch)(context)):
                yield LotteryKey(level=level, control=branch.kind, draw=draw), state

    def _train(
        self,
        key: LotteryKey,
        trainer: Trainer,
        weights: Mapping[str, Tensor],
        masks: Mapping[str, Tensor],
        factor: Callable[[int], float],
        base: Mapping[str, Tensor],
        strata: Mapping[str, np.ndarray] | None,
        *,
        snapshot_step: int | None = None,
        pruner: Pruner | None = None,
    ) -> Generator[Step | Due | Request, None, Ended]:
        """Log the masks of one training and train it, from its start or from where it was saved.

        Masks that change as it trains are logged when it has ended.
        """
        saved = self._progress.unfinished.pop(key, None)
        if saved is None and pruner is None:
            sparse = sparse_layers(trainer.model, masks, trainer.csr_below)
            yield from mask_outputs(key, masks, base, strata, sparse, self._chain.groups)
        first_step = self._spec.steps - self._steps[key]
        trained = yield from trainer.train(Plan(key, weights, masks, factor, first_step, snapshot_step, saved, pruner))
        if pruner is not None:
            yield from mask_outputs(key, trained.masks, base, strata, groups=self._chain.groups)
        if trained.diverged_step is not None:
            self._diverged[key] = self._steps[key] = trained.diverged_step - first_step
        return trained

    def _movement(self, key: LotteryKey, start: Mapping[str, Tensor], ticket: Ticket) -> Iterator[Measured | Tensors]:
        """Log how far the level's weights went, apart for those that the next pruning keeps, be there a next or not."""
        kept, end, alive = self._chain.next_masks(key.level, ticket), ticket.weights, ticket.masks
        yield movement_rows(key, start, end, alive, kept)
        tensors = {
            f"{name}.{part}": tensor
            for name in self._chain.layers
            for part, tensor in histograms(start[name], end[name], alive[name], kept[name]).items()
        }
        yield Tensors("movement", key, tensors)

    def _checkpoint(self, members: Sequence[Member[LotteryKey]] = ()) -> Checkpoint:
        saved = [member.trainer.save() for member in members if not member.ended]
        live = (training for training in saved if training is not None)
        return self._progress.checkpoint(live, **replicate_progress.diverged_state(self._diverged))

    def _cut_off(self, level: int) -> bool:
        """Return whether a level has no ticket to continue from, as one before it diverged."""
        before = range(level) if self._spec.mode == "iterative" else range(min(level, 1))
        return any(LotteryKey(level=earlier) in self._diverged for earlier in before)

    def _total(self) -> int:
        """Return the optimizer steps of all trainings, without those that a divergence has cut off or short."""
        return sum(steps for key, steps in self._steps.items() if not self._cut_off(key.level))

    def _factor(self, step: int) -> float:
        factor: float = self._schedule(step, self._spec.steps)
        return factor

    @cached_property
    def _strata(self) -> dict[str, np.ndarray]:
        return {name: strata_of(self._theta0[name].numpy()) for name in self._chain.layers}

    def _initial(self, *purpose: int | str) -> dict[str, Tensor]:
        """Return new initial weights."""
        model = self._blank()
        initialise(model, self._key(*purpose), self._spec.init)
        return dict(model.state_dict())

    def _shuffle(self, epoch: int) -> Tensor:
        return torch.randperm(self._n_train, generator=self._key("order", epoch)).to(self._device)

    def _draw(self, epoch: int) -> Tensor:
        return augmentation.draw(self._n_train, self._key("augmentation", epoch)).to(self._device)


def _always(factor: float, step: int) -> float:  # noqa: ARG001 (a schedule)
    return factor
