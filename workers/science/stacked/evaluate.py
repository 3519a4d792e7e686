"""Loss and accuracy of every network of a stack on a whole split."""

import torch
from torch.nn.functional import cross_entropy

from workers.science.data.dataset import Split
from workers.science.metrics.evaluate import Evaluation
from workers.science.stacked.network import StackedNetwork


@torch.no_grad()
def evaluate(stack: StackedNetwork, split: Split) -> list[Evaluation]:
    """For each slot what `metrics.evaluate.evaluate` says of its network; the stack is left in training mode.

    `split` is seen at once, by all slots. Raises `ValueError` on an empty split.
    """
    if len(split) == 0:
        raise ValueError("cannot evaluate on an empty split")
    stack.train(False)
    logits = stack(split.x.expand(stack.slots, *split.x.shape))
    stack.train()
    y = split.y.expand(stack.slots, -1)
    losses = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view_as(y)
    right = (logits.argmax(dim=2) == y).sum(dim=1)
    # Read back once: a GPU is not made to wait twice.
    sums = torch.stack([losses.double().sum(dim=1), right.double()]).tolist()
    return [Evaluation(loss / len(split), n / len(split)) for loss, n in zip(*sums, strict=True)]
