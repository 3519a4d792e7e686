"""Weight erasure: a picture in the initial weights, trained away by many optimizers at many learning rates.

Defined in docs/protocol.md. A cell is one training (app/kinds/erasure/spec.py); all cells of a replicate and width
start from the same weights and see the same batches, so that they differ by optimizer and rate alone. Those of one
optimizer can be trained at once, as a stack of networks; they are told one after the other all the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from app.contract.events import Place, Progress
from app.kinds.erasure.spec import CLASSES, JUDGED, Cell, ErasureSpec
from app.pictures.build import picture_of
from app.pictures.picture import fit
from app.pictures.watermark import mark
from workers.science.build import build
from workers.science.data.dataset import Dataset, Split
from workers.science.erasure import network, stacked
from workers.science.erasure.losses import LOSSES
from workers.science.erasure.stacked import Lane
from workers.science.erasure.training import train
from workers.science.erasure.visibility import Picture
from workers.science.experiments import standing
from workers.science.experiments.datasets import dataset
from workers.science.experiments.erasure_cell import CellTraining, Splits
from workers.science.experiments.in_order import Told
from workers.science.experiments.midway import Clock, Midway
from workers.science.experiments.standing import Standing
from workers.science.optim.moved_by import moved_by
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.random import generator
from workers.science.stacked.footprint import Footprint
from workers.science.stacked.footprint import footprint as stacked_footprint
from workers.science.stacked.network import StackedNetwork
from workers.science.training import Batches, Diverged, Tick

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
    """One replicate: every cell, in the order of `spec.cells`.

    Yields series `erasure`, `spectrum`, `update_sizes` and `ending`, artifacts `init` (the matrix with the picture, and
    without it for the twins) and `frame_<step>` (what has been added to it by then, in 255 levels), Progress in Mflop
    at least every 0.1 s while training, and a Checkpoint after each cell and, when `clock` says so, within one.
    With `resume`, what is done is not done again; the rest comes out identical to the bit, on the same device and under
    the same `plan`, the shard's numeric plan. It says which cells are trained at once: a Checkpoint comes after these.
    """
    abreast = plan.get("abreast", ())
    yield from _Replicate(spec, replicate, torch.device(device), datasets_dir, resume, clock or Clock(), abreast).run()


def describe(spec: ErasureSpec, datasets_dir: Path) -> dict[str, Any]:
    """What a numeric plan records of the networks.

    "input": shape of one example; "layers": name and shape of each matrix at the first width; "picture": the matrix
    that it lies in, at the first width, and whether it has two levels only; "moved_by": optimizer -> its torch class.
    """
    data = dataset(spec.dataset, datasets_dir)
    model = network.build(data.train.x[0].numel(), spec.widths[0], data.n_classes)
    layers = [{"name": name, "shape": list(getattr(model, name).weight.shape)} for name in network.LAYERS]
    watched = _LAYERS[spec.layer]
    rows, columns = getattr(model, watched).weight.shape
    moved = {grid.kind: moved_by(model, build(grid.at(grid.lrs[0]))(model))[f"{watched}.weight"]
             for grid in spec.optimizers}  # fmt: skip
    two_level = picture_of(spec.picture).two_level
    return {
        "input": list(data.shape),
        "layers": layers,
        "picture": {"layer": watched, "rows": rows, "columns": columns, "two_level": two_level},
        "moved_by": moved,
    }


def footprint(spec: ErasureSpec, datasets_dir: Path) -> Footprint:
    """How much memory cells take that are trained at once: the largest of those that can be."""
    data = dataset(spec.dataset, datasets_dir)
    model = network.build(data.train.x[0].numel(), max(spec.widths), CLASSES)
    each = [
        stacked_footprint(model, build(grid.at(grid.lrs[0])), data, spec.batch_size)
        for grid in spec.optimizers
        if spec.stacks(grid.kind)
    ]
    # The matrix as it was at the start, and before an update that is looked at.
    rows, columns = spec.matrix(max(spec.widths))
    return Footprint(each[0].shared, max(one.each for one in each) + 2 * 4 * rows * columns)


class _Replicate:
    """The cells of one replicate; those that `abreast` names are trained at once."""

    def __init__(
        self,
        spec: ErasureSpec,
        replicate: int,
        device: torch.device,
        datasets_dir: Path,
        resume: Resume | None,
        clock: Clock,
        abreast: Sequence[str],
    ) -> None:
        self._spec, self._device, self._clock = spec, device, clock
        self._key = partial(generator, spec.seed, replicate)
        self._data: Dataset = dataset(spec.dataset, datasets_dir).to(device)
        self._split = Split(self._data.train.x[: spec.n_images], self._data.train.y[: spec.n_images])
        judged = Split(self._split.x[:JUDGED], self._split.y[:JUDGED])
        self._splits = Splits(judged, self._data.validation, self._data.test)
        self._picture = picture_of(spec.picture)
        self._loss = LOSSES[spec.loss]
        self._layer = _LAYERS[spec.layer]
        # The same batches for every cell.
        self._batches = Batches(len(self._split), spec.batch_size, self._shuffle)
        self._cells = dict(spec.cells())
        self._work = {place: spec.mflop(place, cell) for place, cell in self._cells.items()}
        # What a divergence has cut short counts with the steps that were trained.
        self._diverged = standing.diverged(resume)
        for place, steps in self._diverged.items():
            if steps is not None:
                self._work[place] = self._mflop(place, steps)
        self._standing = Standing(spec, list(self._cells), abreast, resume)
        self._made = {place: self._work[place] for place in self._standing.made}
        self._made |= {
            place: self._mflop(place, each.told["course"]["step"]) for place, each in self._standing.begun.items()
        }
        self._told = {place.level for place in self._made}

    def run(self) -> Iterator[Output]:
        """Every cell that is not done yet."""
        for group in self._standing.groups:
            # All of a group may have ended: when a larger one was divided, and they had diverged.
            if any(self._standing.left(place) for place in group):
                yield from self._train(group)
                yield self._checkpoint()
        total = sum(self._work.values())
        yield Progress(done=total, total=total)

    def _train(self, group: Sequence[Place]) -> Iterator[Output]:
        """What is left of cells that are trained at once, each in the slot in which it stands in the group."""
        live: dict[int, CellTraining] = {}
        stack = self._stack(group) if len(group) > 1 else None
        for slot, place in enumerate(group):
            if not self._standing.left(place):
                continue
            cell = self._cells[place]
            model, picture = self._start(cell)
            if place.level not in self._told:
                self._told.add(place.level)
                weight = self._watched(model).detach().clone()
                yield from self._say(place, Tensors("init", Place(level=place.level), {"weight": weight}))
            if stack is not None:
                stack.put(slot, model.state_dict())
            model = model.to(self._device) if stack is None else stack.view(slot)
            optimizers = build(self._spec.grid(cell.optimizer).at(cell.lr))(model)
            begun = self._standing.begun.pop(place, None)
            live[slot] = CellTraining(place, model, self._watched(model), picture, optimizers, self._splits, begun)
        for moment in self._moments(stack, live):
            if isinstance(moment, Tick):
                yield self._progress(live, live, moment.step)
                if moment.between and self._clock.due():
                    yield self._checkpoint(each.midway() for each in live.values())
                continue
            slot, found = moment
            if isinstance(found, Diverged):
                yield from self._end(live.pop(slot), found)
                continue
            # Told before it is measured, which takes a while at large widths.
            yield self._progress(live, [slot], found.step)
            for output in live[slot].looked(found):
                yield from self._say(live[slot].place, output)
        for training in live.values():
            yield from self._end(training, None)

    def _moments(self, stack: StackedNetwork | None, live: Mapping[int, CellTraining]) -> stacked.Moments:
        looks = self._spec.moments()
        if stack is not None:
            lanes = {slot: Lane(each.model, each.watched, each.optimizers, each.course) for slot, each in live.items()}
            yield from stacked.train(stack, lanes, self._split, self._batches, self._loss, moments=looks)
            return
        ((slot, one),) = live.items()
        for moment in train(
            one.model, one.watched, self._split, one.optimizers, self._batches, self._loss, moments=looks,
            course=one.course,
        ):  # fmt: skip
            yield moment if isinstance(moment, Tick) else (slot, moment)

    def _end(self, training: CellTraining, diverged: Diverged | None) -> Iterator[Output]:
        place = training.place
        if diverged is not None:
            self._diverged[place] = diverged.step
            self._work[place] = self._mflop(place, diverged.step)
        self._made[place] = self._work[place]
        yield from self._say(place, training.ending(diverged))
        yield from self._standing.order.end(place)

    def _checkpoint(self, live: Iterable[Midway] = ()) -> Checkpoint:
        return self._standing.checkpoint(live, **standing.diverged_state(self._diverged))

    def _say(self, place: Place, output: Told) -> list[Told]:
        return self._standing.order.add(place, output)

    def _stack(self, group: Sequence[Place]) -> StackedNetwork:
        return StackedNetwork(self._blank(self._cells[group[0]]).to(self._device), len(group))

    def _blank(self, cell: Cell) -> nn.Module:
        return network.build(self._data.train.x[0].numel(), cell.width, CLASSES)

    def _start(self, cell: Cell) -> tuple[nn.Module, Picture]:
        """The network of a cell before its first step, on the CPU, and the picture as it lies in its matrix."""
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

    def _progress(self, live: Mapping[int, CellTraining], slots: Iterable[int], step: int) -> Progress:
        """Of those that are `live`, the ones in `slots` have come to `step`."""
        self._made |= {place: self._mflop(place, step) for place in (live[slot].place for slot in slots)}
        done, total = sum(self._made.values()), sum(self._work.values())
        places = [each.place for each in live.values()]
        return Progress(done=done, total=total, place=places[0], step=step, note=self._note(places))

    def _note(self, places: Sequence[Place]) -> str:
        """Such as `adam at lr 0.01, twin, and 3 more`."""
        cell, others = self._cells[places[0]], len(places) - 1
        text = f"{cell.optimizer.replace('_', ' ')} at lr {cell.lr:g}{'' if cell.marked else ', twin'}"
        return f"{text}, and {others} more" if others else text

    def _mflop(self, place: Place, step: int) -> int:
        return self._work[place] * step // self._spec.steps

    def _shuffle(self, epoch: int) -> Tensor:
        return torch.randperm(len(self._split), generator=self._key("order", epoch)).to(self._device)
