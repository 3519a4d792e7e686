"""Weight erasure: a picture in the initial weights, trained away by many optimizers at many learning rates.

Defined in docs/protocol.md. A cell is one training (app/kinds/erasure/spec.py). All cells of a replicate and width
start from the same weights and see the same batches: they differ by optimizer and rate alone. Those of one optimizer
can be trained at once, as a stack of networks; they are logged one after the other all the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from app.contract.events import Progress
from app.kinds.erasure.spec import CLASSES, JUDGED, Cell, ErasureKey, ErasureSpec
from app.pictures.build import picture_of
from app.pictures.picture import fit
from app.pictures.watermark import mark
from workers.science.build import build
from workers.science.data.dataset import Split
from workers.science.erasure import network
from workers.science.erasure.visibility import Picture
from workers.science.experiments import replicate_progress
from workers.science.experiments.clock import Clock
from workers.science.experiments.datasets import dataset
from workers.science.experiments.erasure_cell import CellTraining, Splits
from workers.science.experiments.in_order import Logged
from workers.science.experiments.replicate_progress import ReplicateProgress
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.optim.for_model import for_model
from workers.science.optim.moved_by import moved_by
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.random import generator
from workers.science.stacked.footprint import Footprint
from workers.science.stacked.footprint import footprint as stacked_footprint
from workers.science.stacked.network import StackedNetwork
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Diverged, Observed, SlotEvent, Tick
from workers.science.train.hooks import Enter
from workers.science.train.loop import train
from workers.science.train.observation import Observe
from workers.science.train.stacked import Stacked
from workers.science.train.task import BY_LOSS

CHECK_EVERY = 50
"""Steps between looks at the losses, as `workers.science.train.loop.CHECK_EVERY`."""
_LAYERS = {"first": "fc1", "middle": "fc2", "last": "fc3"}


def run(
    spec: ErasureSpec,
    replicate: int,
    *,
    device: torch.device | str = "cpu",
    datasets_dir: Path,
    resume: Resume | None = None,
    plan: Mapping[str, Any] = MappingProxyType({}),
    clock: Clock | None = None,
) -> Iterator[Output]:
    """Run one replicate: every cell, in the order of `spec.cells`.

    Yields series `erasure`, `spectrum`, `update_sizes` and `ending`. The artifact `init` is the matrix with the
    picture, and without it for the twins. The artifact `frame_<step>` is what has been added to it by then, in 255
    levels. Yields Progress in Mflop at least every 0.1 s while training. Yields a Checkpoint after each cell and, when
    `clock` is due, within one.

    With `resume`, what is done is not done again. The rest comes out identical to the bit, on the same device and under
    the same `plan`, the shard's numeric plan. The plan names cells that are trained at once: a Checkpoint comes after
    these.
    """
    stacks = plan.get("stack_groups", ())
    yield from _Replicate(spec, replicate, torch.device(device), datasets_dir, resume, clock or Clock(), stacks).run()


def describe(spec: ErasureSpec, datasets_dir: Path) -> dict[str, Any]:
    """Return what a numeric plan records of the networks.

    "input": shape of one example; "layers": name and shape of each matrix at the first width.
    "picture": the matrix that it lies in, at the first width, and whether it has two levels only.
    "moved_by": optimizer -> its torch class.
    """
    data = dataset(spec.dataset, datasets_dir)
    model = network.build(data.train.x[0].numel(), spec.widths[0], data.n_classes)
    layers = [{"name": name, "shape": list(getattr(model, name).weight.shape)} for name in network.LAYERS]
    watched = _LAYERS[spec.layer]
    rows, columns = getattr(model, watched).weight.shape
    first = {grid.kind: for_model(build(grid.at(grid.lrs[0])), model, data.train.x[:2]) for grid in spec.optimizers}
    moved = {kind: moved_by(model, optimizers(model))[f"{watched}.weight"] for kind, optimizers in first.items()}
    two_level = picture_of(spec.picture).two_level
    return {
        "input": list(data.shape),
        "layers": layers,
        "picture": {"layer": watched, "rows": rows, "columns": columns, "two_level": two_level},
        "moved_by": moved,
    }


def footprint(spec: ErasureSpec, datasets_dir: Path) -> Footprint:
    """Return how much memory cells take that are trained at once: the largest of those that can be."""
    data = dataset(spec.dataset, datasets_dir)
    model = network.build(data.train.x[0].numel(), max(spec.widths), CLASSES)
    footprints = [
        stacked_footprint(model, build(grid.at(grid.lrs[0])), data, spec.batch_size)
        for grid in spec.optimizers
        if spec.stacks(grid.kind)
    ]
    # The matrix as it was at the start, and before an update that is looked at.
    rows, columns = spec.matrix(max(spec.widths))
    return Footprint(footprints[0].shared, max(one.per_replicate for one in footprints) + 2 * 4 * rows * columns)


class _Replicate:
    """Train the cells of one replicate; those that `stacks` name are trained at once."""

    def __init__(
        self,
        spec: ErasureSpec,
        replicate: int,
        device: torch.device,
        datasets_dir: Path,
        resume: Resume | None,
        clock: Clock,
        stacks: Sequence[str],
    ) -> None:
        self._spec, self._device, self._clock = spec, device, clock
        self._key = partial(generator, spec.seed, replicate)
        whole = dataset(spec.dataset, datasets_dir).to(device)
        split = Split(whole.train.x[: spec.n_images], whole.train.y[: spec.n_images])
        self._data = replace(whole, train=split, task=BY_LOSS[spec.loss])
        judged = Split(split.x[:JUDGED], split.y[:JUDGED])
        self._splits = Splits(judged, self._data.validation, self._data.test)
        self._picture = picture_of(spec.picture)
        self._layer = _LAYERS[spec.layer]
        # The same batches for every cell.
        self._batches = Batches(len(split), spec.batch_size, self._shuffle)
        self._cells = {cell.key: cell for cell in spec.cells()}
        self._work = dict(spec.parts())
        # What a divergence has cut short counts with the steps that were trained.
        self._diverged = replicate_progress.diverged(resume, ErasureKey)
        for key, steps in self._diverged.items():
            if steps is not None:
                self._work[key] = self._mflop(key, steps)
        self._trainings = ReplicateProgress(spec, list(self._cells), stacks, resume)
        self._done = {key: self._work[key] for key in self._trainings.done}
        self._done |= {
            key: self._mflop(key, saved.step) for key in self._cells if (saved := self._trainings.unfinished.get(key))
        }
        self._starts_logged = {key.start for key in self._done}

    def run(self) -> Iterator[Output]:
        """Yield the outputs of every cell that is not done yet."""
        for group in self._trainings.groups:
            # All of a group may have ended: when a larger one was divided, and they had diverged.
            if any(self._trainings.left(key) for key in group):
                yield from self._train(group)
                yield self._checkpoint()
        total = sum(self._work.values())
        yield Progress(done=total, total=total)

    def _train(self, group: Sequence[ErasureKey]) -> Iterator[Output]:
        """Train what is left of the cells of a group at once, each in the slot of its position in the group."""
        live: dict[int, CellTraining] = {}
        layout = self._layout(group)
        for slot, key in enumerate(group):
            if not self._trainings.left(key):
                continue
            cell = self._cells[key]
            model, picture = self._start(cell)
            if key.start not in self._starts_logged:
                self._starts_logged.add(key.start)
                weight = self._watched(model).detach().clone()
                yield from self._log(key, Tensors("init", key.start, {"weight": weight}))
            layout.load(slot, model.state_dict())
            model = layout.network if isinstance(layout, Dense) else layout.view(slot)
            knobs = self._spec.grid(cell.optimizer).at(cell.lr)
            optimizers = for_model(build(knobs), model, self._data.train.x[:2])(model)
            saved = self._trainings.unfinished.pop(key, None)
            watched = self._watched(model)
            live[slot] = CellTraining(key, layout, slot, model, watched, picture, optimizers, self._splits, saved)
        for slot, event in self._events(layout, live):
            match event:
                case Tick():
                    yield self._progress(live, slot, event.step)
                    if event.between and self._clock.due():
                        yield self._checkpoint(training.save() for training in live.values())
                case Diverged():
                    yield from self._end(live.pop(slot), event)
                case Observed():
                    for output in live[slot].observed(event):
                        yield from self._log(live[slot].key, output)
                case _:
                    raise TypeError(f"the study measures nothing such as {event}")
        for training in live.values():
            yield from self._end(training, None)

    def _events(self, layout: Dense | Stacked, live: Mapping[int, CellTraining]) -> Iterator[SlotEvent]:
        """Train the cells and yield what happens."""
        trainings, steps = dict(live), self._spec.observed_steps()
        feed = layout.feed(self._data, dict.fromkeys(trainings, self._batches), steps[-1])
        watched = {slot: training.watched for slot, training in trainings.items()}
        return train(
            layout,
            [optimizer for training in trainings.values() for optimizer in training.optimizers],
            feed,
            {slot: training.state for slot, training in trainings.items()},
            [
                Enter({slot: training.enter for slot, training in trainings.items()}),
                Observe(watched, frozenset(steps), lambda: layout.gradients(*feed(0))),
            ],
            steps=steps[-1],
            measured=frozenset(steps),
            check_every=CHECK_EVERY,
        )

    def _end(self, training: CellTraining, diverged: Diverged | None) -> Iterator[Output]:
        key = training.key
        if diverged is not None:
            self._diverged[key] = diverged.step
            self._work[key] = self._mflop(key, diverged.step)
        self._done[key] = self._work[key]
        yield from self._log(key, training.ending(diverged))
        yield from self._trainings.order.end(key)

    def _checkpoint(self, live: Iterable[TrainingCheckpoint] = ()) -> Checkpoint:
        return self._trainings.checkpoint(live, **replicate_progress.diverged_state(self._diverged))

    def _log(self, key: ErasureKey, output: Logged) -> list[Logged]:
        return self._trainings.order.add(key, output)

    def _layout(self, group: Sequence[ErasureKey]) -> Dense | Stacked:
        model = self._blank(self._cells[group[0]]).to(self._device)
        task = self._data.task
        return Dense(model, task) if len(group) == 1 else Stacked(StackedNetwork(model, len(group)), task)

    def _blank(self, cell: Cell) -> nn.Module:
        return network.build(self._data.train.x[0].numel(), cell.width, CLASSES)

    def _start(self, cell: Cell) -> tuple[nn.Module, Picture]:
        """Return the network of a cell before its first step, on the CPU, and the picture as it lies in its matrix."""
        model = self._blank(cell)
        network.initialise(model, self._key("init", cell.width))
        weight = self._watched(model)
        ink = fit(self._picture, *weight.shape)
        if cell.marked:
            marked = mark(weight.detach().numpy(), ink, contrast=self._spec.contrast, placement=self._spec.placement)
            with torch.no_grad():
                weight.copy_(torch.from_numpy(marked))
        return model, Picture(ink, two_level=self._picture.two_level, placement=self._spec.placement)

    def _watched(self, model: nn.Module) -> Tensor:
        weight: Tensor = getattr(model, self._layer).weight
        return weight

    def _progress(self, live: Mapping[int, CellTraining], slot: int, step: int) -> Progress:
        """Return the progress once the training in `slot` has come to `step`."""
        self._done[live[slot].key] = self._mflop(live[slot].key, step)
        done, total = sum(self._done.values()), sum(self._work.values())
        keys = [training.key for training in live.values()]
        return Progress(done=done, total=total, key=keys[0], step=step, note=self._note(keys))

    def _note(self, keys: Sequence[ErasureKey]) -> str:
        """Return such as `adam at lr 0.01, twin, and 3 more`."""
        cell, others = self._cells[keys[0]], len(keys) - 1
        text = f"{cell.optimizer.replace('_', ' ')} at lr {cell.lr:g}{'' if cell.marked else ', twin'}"
        return f"{text}, and {others} more" if others else text

    def _mflop(self, key: ErasureKey, step: int) -> int:
        return self._work[key] * step // self._spec.steps

    def _shuffle(self, epoch: int) -> Tensor:
        return torch.randperm(len(self._data.train), generator=self._key("order", epoch)).to(self._device)
