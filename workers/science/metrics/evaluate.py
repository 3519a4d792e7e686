"""Loss and accuracy of a network on a whole split."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Split
from workers.science.train.task import CLASSIFICATION, Task

BATCH = 500
"""Examples at a time: bounds the memory of activations, and changes the loss by rounding only."""


class Evaluation(NamedTuple):
    """Mean loss of the task, such as nats, NaN for a diverged network, and the share in [0, 1] of right predictions."""

    loss: float
    accuracy: float


@torch.no_grad()
def evaluate(model: nn.Module, split: Split, task: Task = CLASSIFICATION) -> Evaluation:
    """Evaluate `model` in eval mode on all of `split`; it is left in the mode it came in.

    Raises `ValueError` on an empty split.
    """
    if len(split) == 0:
        raise ValueError("cannot evaluate on an empty split")
    was_training = model.training
    model.eval()
    losses: list[Tensor] = []
    right: list[Tensor] = []
    predictions = 0
    for x, y in zip(torch.split(split.x, BATCH), torch.split(split.y, BATCH), strict=True):
        outputs = model(x)
        losses.append(task.total(outputs, y))
        correct = task.right(outputs, y)
        right.append(correct.sum())
        predictions += correct.numel()
    model.train(was_training)
    # Read back once: a GPU need not wait for every batch.
    loss = torch.stack(losses).double().sum().item() / predictions
    return Evaluation(loss, torch.stack(right).sum().item() / predictions)
