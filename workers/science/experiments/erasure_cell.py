"""One training of the erasure study: what it starts from, and what is measured of it."""

from collections.abc import Iterator, Sequence
from math import nan
from typing import NamedTuple

import torch
from torch import Tensor, nn

from app.contract.events import Measured
from app.kinds.erasure.spec import ErasureKey
from workers.science.data.dataset import Split
from workers.science.erasure import measures
from workers.science.erasure.visibility import Picture, Visibility
from workers.science.experiments import training_checkpoint
from workers.science.experiments.in_order import Logged
from workers.science.experiments.rows import one_row
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.metrics.evaluate import evaluate
from workers.science.optim import state as optimizer_state
from workers.science.outputs import Tensors
from workers.science.train.events import Diverged, Observed
from workers.science.train.layout import Layout
from workers.science.train.state import LoopState

LEVELS = 127
"""Steps between 0 and the largest change that a frame distinguishes."""
_ENDING = (
    "visibility", "null_low", "null_high", "ssim", "similarity", "movement", "loss", "train_accuracy",
    "validation_accuracy", "test_accuracy",
)  # fmt: skip


class Splits(NamedTuple):
    """The images on which accuracies are measured."""

    train: Split
    validation: Split
    test: Split


class CellTraining:
    """The training `key`, in a slot of `layout`: `model` before its first step, moved by its own `optimizers`.

    `picture` is as it lies in the `watched` matrix. What is saved of an earlier attempt is in `saved`.
    """

    def __init__(
        self,
        key: ErasureKey,
        layout: Layout,
        slot: int,
        model: nn.Module,
        watched: Tensor,
        picture: Picture,
        optimizers: Sequence[torch.optim.Optimizer],
        splits: Splits,
        saved: TrainingCheckpoint | None,
    ) -> None:
        self.key, self.model, self.watched, self.optimizers = key, model, watched, optimizers
        self._layout, self._slot, self._saved = layout, slot, saved
        self._picture, self._splits = picture, splits
        self._start = watched.detach().clone()
        self.state, self._row, self._step = LoopState(), dict[str, float](), 0
        if saved is not None:
            self.state = saved.state(watched.device)
            self._row = {name: float(value) for name, value in saved.part("row").items()}
            self._step = int(self._row.pop("step"))

    def enter(self) -> None:
        """Set network and optimizers to their state when the training was saved."""
        if self._saved is not None:
            self._layout.load(self._slot, self._saved.part("network"))
            optimizer_state.load(self.optimizers, self._saved.values["optimizers"], self._saved.part("optimizers"))

    def observed(self, observation: Observed) -> Iterator[Logged]:
        """Measure the matrix at a step."""
        self._row, self._step = self._measured(observation), observation.step
        yield one_row("erasure", self.key, {"step": observation.step, **self._row})
        yield from self._pictured(observation)

    def ending(self, diverged: Diverged | None) -> Measured:
        """Return the row of how the training ended; a diverged one has no end to measure."""
        steps = self._step if diverged is None else diverged.step
        end = {name: self._row.get(name, nan) if diverged is None else nan for name in _ENDING}
        at = nan if diverged is None else float(diverged.step)
        return one_row("ending", self.key, {"steps": steps, "diverged_step": at, **end})

    def save(self) -> TrainingCheckpoint:
        """Return the state of the training."""
        kept = {"step": float(self._step), **self._row}
        values = {name: torch.tensor(value, dtype=torch.float64) for name, value in kept.items()}
        remembered = optimizer_state.dump(self.optimizers)
        return training_checkpoint.save(self.key, self.state, self._layout.raw(self._slot), remembered, row=values)

    def _measured(self, observation: Observed) -> dict[str, float]:
        start, now = self._start, self.watched.detach()
        seen: Visibility = self._picture.measure(now.cpu().numpy())
        update, gradient = observation.update, observation.gradient
        return {
            "visibility": seen.value,
            "null_low": seen.null_low,
            "null_high": seen.null_high,
            "ssim": measures.ssim(start.cpu().numpy(), now.cpu().numpy()),
            "similarity": measures.similarity(start, now),
            "movement": measures.movement(start, now),
            "loss": observation.loss,
            "train_accuracy": evaluate(self.model, self._splits.train).accuracy,
            "validation_accuracy": evaluate(self.model, self._splits.validation).accuracy,
            "test_accuracy": evaluate(self.model, self._splits.test).accuracy,
            "gradient_stable_rank": measures.stable_rank(gradient) if gradient is not None else nan,
            "update_stable_rank": measures.stable_rank(update) if update is not None else nan,
            "update_spectral": measures.spectral_norm(update) if update is not None else nan,
            "update_frobenius": float(torch.linalg.matrix_norm(update)) if update is not None else nan,
        }

    def _pictured(self, observation: Observed) -> Iterator[Logged]:
        """Yield what is drawn of the matrix: the change as a frame, its spectrum, and the sizes of the update."""
        key, now = self.key, self.watched.detach()
        shares, values = measures.spectrum(now)
        steps = [float(observation.step)] * len(shares)
        yield Measured(series="spectrum", key=key, columns={"step": steps, "share": shares, "value": values})
        if observation.update is not None:
            centres, sizes = measures.sizes(observation.update)
            steps = [float(observation.step)] * len(centres)
            if centres:
                columns = {"step": steps, "log10_size": centres, "share": sizes}
                yield Measured(series="update_sizes", key=key, columns=columns)
        change = (now - self._start).cpu()
        scale = float(change.abs().max()) / LEVELS
        delta = torch.round(change / scale).to(torch.int8) if scale else torch.zeros_like(change, dtype=torch.int8)
        meta = {"step": str(observation.step), "scale": repr(scale)}
        yield Tensors(f"frame_{observation.step:06d}", key, {"delta": delta.contiguous()}, meta)
