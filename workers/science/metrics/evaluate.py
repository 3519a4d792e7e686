"""Loss and accuracy of a network on a whole split."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from workers.science.data.dataset import Split

BATCH = 500
"""Examples at a time: bounds the memory of activations, and changes the loss by rounding only."""


class Evaluation(NamedTuple):
    """Mean cross-entropy in nats, NaN for a diverged network, and the share in [0, 1] classified right."""

    loss: float
    accuracy: float


@torch.no_grad()
def evaluate(model: nn.Module, split: Split) -> Evaluation:
    """Evaluate `model` in eval mode on all of `split`; it is left in the mode it came in.

    Raises `ValueError` on an empty split.
    """
    if len(split) == 0:
        raise ValueError("cannot evaluate on an empty split")
    was_training = model.training
    model.eval()
    losses: list[Tensor] = []
    right: list[Tensor] = []
    for x, y in zip(torch.split(split.x, BATCH), torch.split(split.y, BATCH), strict=True):
        logits = model(x)
        losses.append(cross_entropy(logits, y, reduction="sum"))
        right.append((logits.argmax(dim=1) == y).sum())
    model.train(was_training)
    # Read back once: a GPU is not made to wait for every batch.
    loss = torch.stack(losses).double().sum().item() / len(split)
    return Evaluation(loss, torch.stack(right).sum().item() / len(split))
