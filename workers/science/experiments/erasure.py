"""Weight erasure: a picture in the initial weights, trained away by many optimizers at many learning rates.

Defined in docs/protocol.md. A cell is one training (app/contract/erasure.py); all cells of a replicate and width start
from the same weights and see the same batches, so that they differ by optimizer and rate alone.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from math import nan
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from app.contract.erasure import CLASSES, Cell, ErasureSpec
from app.contract.events import Measured, Place, Progress
from app.pictures.build import picture_of
from app.pictures.picture import fit
from app.pictures.watermark import mark
from workers.science.build import build
from workers.science.course import Course
from workers.science.data.dataset import Dataset, Split
from workers.science.erasure import measures, network
from workers.science.erasure.losses import LOSSES
from workers.science.erasure.training import Look, train
from workers.science.erasure.visibility import Picture, Visibility
from workers.science.experiments import midway
from workers.science.experiments.datasets import dataset
from workers.science.experiments.midway import Clock
from workers.science.experiments.rows import one_row
from workers.science.metrics.evaluate import evaluate
from workers.science.optim.moved_by import moved_by
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.random import generator
from workers.science.training import Batches, Diverged, Tick

LEVELS = 127
"""Steps between 0 and the largest change that a frame tells apart."""
JUDGED = 10_000
"""Training images that the training accuracy is told from, the first ones."""
_LAYERS = {"first": "fc1", "middle": "fc2", "last": "fc3"}
_ENDING = (
    "visibility", "null_low", "null_high", "ssim", "similarity", "movement", "loss", "train_accuracy",
    "validation_accuracy", "test_accuracy",
)  # fmt: skip


def run(
    spec: ErasureSpec,
    replicate: int,
    *,
    device: torch.device | str = "cpu",
    datasets_dir: Path,
    resume: Resume | None = None,
    plan: Mapping[str, Any] = MappingProxyType({}),  # noqa: ARG001 (nothing of it is a choice here)
    clock: Clock | None = None,
) -> Iterator[Output]:
    """One replicate: every cell, one after the other.

    Yields series `erasure`, `spectrum`, `update_sizes` and `ending`, artifacts `init` (the matrix with the picture, and
    without it for the twins) and `frame_<step>` (what has been added to it by then, in 255 levels), Progress in Mflop
    at least every 0.1 s while training, and a Checkpoint after each cell and, when `clock` says so, within one.
    With `resume`, what is done is not done again; the rest comes out the same to the bit, on the same device.
    """
    yield from _Replicate(spec, replicate, torch.device(device), datasets_dir, resume, clock or Clock()).run()


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


class _Replicate:
    """The cells of one replicate; `_starts` holds the weights that those of the present width begin with."""

    def __init__(
        self,
        spec: ErasureSpec,
        replicate: int,
        device: torch.device,
        datasets_dir: Path,
        resume: Resume | None,
        clock: Clock,
    ) -> None:
        self._spec, self._device, self._clock = spec, device, clock
        self._key = partial(generator, spec.seed, replicate)
        self._data: Dataset = dataset(spec.dataset, datasets_dir).to(device)
        self._split = Split(self._data.train.x[: spec.n_images], self._data.train.y[: spec.n_images])
        self._judged = Split(self._split.x[:JUDGED], self._split.y[:JUDGED])
        self._picture = picture_of(spec.picture)
        self._loss = LOSSES[spec.loss]
        self._layer = _LAYERS[spec.layer]
        # The same batches for every cell.
        self._batches = Batches(len(self._split), spec.batch_size, self._shuffle)
        state = resume.state if resume else {"done": []}
        self._done = [Place.model_validate(place) for place in state["done"]]
        cells = dict(spec.cells())
        self._total = sum(spec.mflop(place, cell) for place, cell in cells.items())
        self._before = sum(spec.mflop(place, cells[place]) for place in self._done)
        self._begun = midway.of(state.get("midway"), resume.tensors) if resume else None
        self._next = midway.place(state.get("next"))

    def run(self) -> Iterator[Output]:
        """Every cell that is not done yet."""
        told: set[int] = {place.level for place in self._done} | {begun.place.level for begun in [self._begun] if begun}
        cells = [each for each in self._spec.cells() if each[0] not in self._done]
        # The log may hold a part of this one already, and a spec that has grown since has others before it.
        cells.sort(key=lambda each: each[0] != self._next)
        for i, (place, cell) in enumerate(cells, 1):
            model, picture = self._start(cell)
            if place.level not in told:
                told.add(place.level)
                yield Tensors("init", Place(level=place.level), {"weight": self._watched(model).detach().cpu().clone()})
            yield from self._train(place, cell, model, picture)
            self._before += self._spec.mflop(place, cell)
            self._done.append(place)
            yield Checkpoint(self._state(cells[i][0] if i < len(cells) else None))
        yield Progress(done=self._total, total=self._total)

    def _start(self, cell: Cell) -> tuple[nn.Module, Picture]:
        """The network of a cell before its first step, and the picture as it lies in its matrix."""
        model = network.build(self._data.train.x[0].numel(), cell.width, CLASSES)
        network.initialise(model, self._key("init", cell.width))
        weight = self._watched(model)
        ink = fit(self._picture, *weight.shape)
        if cell.marked:
            marked = mark(weight.detach().numpy(), ink, contrast=self._spec.contrast, placement=self._spec.placement)
            with torch.no_grad():
                weight.copy_(torch.from_numpy(marked))
        placement = self._spec.placement
        return model.to(self._device), Picture(ink, two_level=self._picture.two_level, placement=placement)

    def _train(self, place: Place, cell: Cell, model: nn.Module, picture: Picture) -> Iterator[Output]:
        watched = self._watched(model)
        start = watched.detach().clone()
        optimizers = build(self._spec.grid(cell.optimizer).at(cell.lr))(model)
        row: dict[str, float] = {}
        diverged, step, course = nan, 0, Course()
        if self._begun is not None and self._begun.place == place:
            course = self._begun.restore(model, optimizers)
            row = {name: float(value) for name, value in self._begun.part("row").items()}
            step = int(row.pop("step"))
        moments = train(
            model, watched, self._split, optimizers, self._batches, self._loss, moments=self._spec.moments(),
            course=course,
        )  # fmt: skip
        for moment in moments:
            match moment:
                case Look():
                    # Told before it is measured, which takes a while at large widths.
                    yield self._progress(place, cell, moment.step)
                    row = self._measured(model, start, watched, picture, moment)
                    step = moment.step
                    yield one_row("erasure", place, {"step": step, **row})
                    yield from self._pictured(place, start, watched, moment)
                case Diverged():
                    diverged, step = float(moment.step), moment.step
                case Tick():
                    yield self._progress(place, cell, moment.step)
                    if moment.between and self._clock.due():
                        kept = {"step": float(step), **row}
                        values = {name: torch.tensor(value, dtype=torch.float64) for name, value in kept.items()}
                        saved = midway.save(place, course, model, optimizers, row=values)
                        yield Checkpoint({**self._state(place), "midway": saved.told}, saved.tensors)
        end = {name: row.get(name, nan) if diverged != diverged else nan for name in _ENDING}
        yield one_row("ending", place, {"steps": step, "diverged_step": diverged, **end})

    def _state(self, upcoming: Place | None) -> dict[str, Any]:
        return {"done": [place.model_dump() for place in self._done], "next": upcoming and upcoming.model_dump()}

    def _measured(
        self, model: nn.Module, start: Tensor, watched: Tensor, picture: Picture, moment: Look
    ) -> dict[str, float]:
        now = watched.detach()
        seen: Visibility = picture.measure(now.cpu().numpy())
        update, gradient = moment.update, moment.gradient
        return {
            "visibility": seen.value,
            "null_low": seen.null_low,
            "null_high": seen.null_high,
            "ssim": measures.ssim(start.cpu().numpy(), now.cpu().numpy()),
            "similarity": measures.similarity(start, now),
            "movement": measures.movement(start, now),
            "loss": moment.loss,
            "train_accuracy": evaluate(model, self._judged).accuracy,
            "validation_accuracy": evaluate(model, self._data.validation).accuracy,
            "test_accuracy": evaluate(model, self._data.test).accuracy,
            "gradient_stable_rank": measures.stable_rank(gradient) if gradient is not None else nan,
            "update_stable_rank": measures.stable_rank(update) if update is not None else nan,
            "update_spectral": measures.spectral_norm(update) if update is not None else nan,
            "update_frobenius": float(torch.linalg.matrix_norm(update)) if update is not None else nan,
        }

    def _pictured(self, place: Place, start: Tensor, watched: Tensor, moment: Look) -> Iterator[Output]:
        """What can be drawn of the matrix: the change as a frame, its spectrum, and the sizes of the update."""
        shares, values = measures.spectrum(watched.detach())
        steps = [float(moment.step)] * len(shares)
        yield Measured(series="spectrum", place=place, columns={"step": steps, "share": shares, "value": values})
        if moment.update is not None:
            centres, found = measures.sizes(moment.update)
            steps = [float(moment.step)] * len(centres)
            if centres:
                columns = {"step": steps, "log10_size": centres, "share": found}
                yield Measured(series="update_sizes", place=place, columns=columns)
        change = (watched.detach() - start).cpu()
        scale = float(change.abs().max()) / LEVELS
        delta = torch.round(change / scale).to(torch.int8) if scale else torch.zeros_like(change, dtype=torch.int8)
        meta = {"step": str(moment.step), "scale": repr(scale)}
        yield Tensors(f"frame_{moment.step:06d}", place, {"delta": delta.contiguous()}, meta)

    def _watched(self, model: nn.Module) -> Tensor:
        weight: Tensor = getattr(model, self._layer).weight
        return weight

    def _progress(self, place: Place, cell: Cell, step: int) -> Progress:
        done = self._before + self._spec.mflop(place, cell) * step // self._spec.steps
        return Progress(done=done, total=self._total, place=place, step=step)

    def _shuffle(self, epoch: int) -> Tensor:
        return torch.randperm(len(self._split), generator=self._key("order", epoch)).to(self._device)
