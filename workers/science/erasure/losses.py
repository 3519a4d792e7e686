"""Losses of the erasure study."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss, one_hot

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def mse(outputs: Tensor, y: Tensor) -> Tensor:
    """Mean over examples and outputs of (output − one-hot target)²; `outputs` `(n, n_classes)`, `y` `(n,)`.

    Source: docs.modula.systems, "Weight erasure".
    """
    return mse_loss(outputs, one_hot(y, outputs.shape[1]).to(outputs.dtype))


LOSSES: Mapping[str, Loss] = {"mse": mse, "cross_entropy": cross_entropy}
