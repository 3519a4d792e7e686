"""One training of the erasure study: what it starts from, and what is said of it."""

from collections.abc import Iterator, Sequence
from math import nan
from typing import NamedTuple

import torch
from torch import Tensor, nn

from app.contract.events import Measured, Place
from workers.science.course import Course
from workers.science.data.dataset import Split
from workers.science.erasure import measures
from workers.science.erasure.training import Look
from workers.science.erasure.visibility import Picture, Visibility
from workers.science.experiments import midway
from workers.science.experiments.in_order import Told
from workers.science.experiments.midway import Midway
from workers.science.experiments.rows import one_row
from workers.science.metrics.evaluate import evaluate
from workers.science.outputs import Tensors
from workers.science.training import Diverged

LEVELS = 127
"""Steps between 0 and the largest change that a frame tells apart."""
_ENDING = (
    "visibility", "null_low", "null_high", "ssim", "similarity", "movement", "loss", "train_accuracy",
    "validation_accuracy", "test_accuracy",
)  # fmt: skip


class Splits(NamedTuple):
    """The images that accuracies are told from."""

    train: Split
    validation: Split
    test: Split


class CellTraining:
    """The training at `place`: `model` before its first step, and the `picture` as it lies in the `watched` matrix.

    With `begun` it is set to where that stood. Measured on `splits`.
    """

    def __init__(
        self,
        place: Place,
        model: nn.Module,
        watched: Tensor,
        picture: Picture,
        optimizers: Sequence[torch.optim.Optimizer],
        splits: Splits,
        begun: Midway | None,
    ) -> None:
        self.place, self.model, self.watched, self.optimizers = place, model, watched, optimizers
        self._picture, self._splits = picture, splits
        self._start = watched.detach().clone()
        self.course, self._row, self._step = Course(), dict[str, float](), 0
        if begun is not None:
            self.course = begun.restore(model, optimizers)
            self._row = {name: float(value) for name, value in begun.part("row").items()}
            self._step = int(self._row.pop("step"))

    def looked(self, look: Look) -> Iterator[Told]:
        """What there is to say of the matrix at a moment."""
        self._row, self._step = self._measured(look), look.step
        yield one_row("erasure", self.place, {"step": look.step, **self._row})
        yield from self._pictured(look)

    def ending(self, diverged: Diverged | None) -> Measured:
        """How it ended; a diverged one has no end to measure."""
        steps = self._step if diverged is None else diverged.step
        end = {name: self._row.get(name, nan) if diverged is None else nan for name in _ENDING}
        at = nan if diverged is None else float(diverged.step)
        return one_row("ending", self.place, {"steps": steps, "diverged_step": at, **end})

    def midway(self) -> Midway:
        """The training as it stands."""
        kept = {"step": float(self._step), **self._row}
        values = {name: torch.tensor(value, dtype=torch.float64) for name, value in kept.items()}
        return midway.save(self.place, self.course, self.model, self.optimizers, row=values)

    def _measured(self, look: Look) -> dict[str, float]:
        start, now = self._start, self.watched.detach()
        seen: Visibility = self._picture.measure(now.cpu().numpy())
        update, gradient = look.update, look.gradient
        return {
            "visibility": seen.value,
            "null_low": seen.null_low,
            "null_high": seen.null_high,
            "ssim": measures.ssim(start.cpu().numpy(), now.cpu().numpy()),
            "similarity": measures.similarity(start, now),
            "movement": measures.movement(start, now),
            "loss": look.loss,
            "train_accuracy": evaluate(self.model, self._splits.train).accuracy,
            "validation_accuracy": evaluate(self.model, self._splits.validation).accuracy,
            "test_accuracy": evaluate(self.model, self._splits.test).accuracy,
            "gradient_stable_rank": measures.stable_rank(gradient) if gradient is not None else nan,
            "update_stable_rank": measures.stable_rank(update) if update is not None else nan,
            "update_spectral": measures.spectral_norm(update) if update is not None else nan,
            "update_frobenius": float(torch.linalg.matrix_norm(update)) if update is not None else nan,
        }

    def _pictured(self, look: Look) -> Iterator[Told]:
        """What can be drawn of the matrix: the change as a frame, its spectrum, and the sizes of the update."""
        place, now = self.place, self.watched.detach()
        shares, values = measures.spectrum(now)
        steps = [float(look.step)] * len(shares)
        yield Measured(series="spectrum", place=place, columns={"step": steps, "share": shares, "value": values})
        if look.update is not None:
            centres, found = measures.sizes(look.update)
            steps = [float(look.step)] * len(centres)
            if centres:
                columns = {"step": steps, "log10_size": centres, "share": found}
                yield Measured(series="update_sizes", place=place, columns=columns)
        change = (now - self._start).cpu()
        scale = float(change.abs().max()) / LEVELS
        delta = torch.round(change / scale).to(torch.int8) if scale else torch.zeros_like(change, dtype=torch.int8)
        meta = {"step": str(look.step), "scale": repr(scale)}
        yield Tensors(f"frame_{look.step:06d}", place, {"delta": delta.contiguous()}, meta)
