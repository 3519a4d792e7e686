"""Tasks: what a network is trained for on a data set, as a loss and a share of right predictions."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss, one_hot


class Task(ABC):
    """Loss and accuracy of outputs `(n, ...)` against targets `y` `(n, ...)`; a stack has an axis before these."""

    name: ClassVar[str]

    @abstractmethod
    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss `()` over all predictions of a batch."""

    @abstractmethod
    def prediction_losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the loss of each prediction, in the shape of the predictions."""

    @abstractmethod
    def right(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return whether each prediction is right, in the shape of the predictions; NaN where that is not defined."""

    def total(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the sum `()` of the losses of all predictions."""
        return self.prediction_losses(outputs, y).sum()

    def losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss `(slots,)` of each network of a stack."""
        return self.prediction_losses(outputs.flatten(0, 1), y.flatten(0, 1)).reshape(len(outputs), -1).mean(dim=1)


class Classification(Task):
    """Outputs are logits `(n, n_classes)`, targets classes `(n,)`; the loss is cross-entropy in nats."""

    name = "classification"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(outputs, y)

    def prediction_losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(outputs, y, reduction="none")

    def right(self, outputs: Tensor, y: Tensor) -> Tensor:
        return outputs.argmax(dim=-1) == y

    def total(self, outputs: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(outputs, y, reduction="sum")


class NextToken(Task):
    """Outputs are logits `(n, length, n_symbols)`, targets the next symbols `(n, length)`; cross-entropy per symbol."""

    name = "next_token"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(outputs.flatten(0, 1), y.flatten())

    def prediction_losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(outputs.flatten(0, 1), y.flatten(), reduction="none").view_as(y)

    def right(self, outputs: Tensor, y: Tensor) -> Tensor:
        return outputs.argmax(dim=-1) == y


class Regression(Task):
    """Outputs and targets are vectors `(n, n_outputs)`; the loss is the mean over outputs of (output − target)².

    Classes `(n,)` as targets mean their one-hot vectors; then a prediction is right where its class has the
    largest output. Source of that form: docs.modula.systems, "Weight erasure".
    """

    name = "regression"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return mse_loss(outputs, _vectors(outputs, y))

    def prediction_losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        return mse_loss(outputs, _vectors(outputs, y), reduction="none").mean(dim=-1)

    def right(self, outputs: Tensor, y: Tensor) -> Tensor:
        if y.is_floating_point():
            return torch.full_like(outputs[..., 0], torch.nan)
        return outputs.argmax(dim=-1) == y

    def losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        return mse_loss(outputs, _vectors(outputs, y), reduction="none").flatten(1).mean(dim=1)


def _vectors(outputs: Tensor, y: Tensor) -> Tensor:
    """Return targets in the shape of the outputs."""
    return y if y.is_floating_point() else one_hot(y, outputs.shape[-1]).to(outputs.dtype)


CLASSIFICATION: Final = Classification()
NEXT_TOKEN: Final = NextToken()
REGRESSION: Final = Regression()

BY_LOSS: Final[Mapping[str, Task]] = {"cross_entropy": CLASSIFICATION, "mse": REGRESSION}
"""Tasks of data sets of classes, by the name of the loss that a spec chooses."""
