"""Random pruning: the ticket's initial weights, pruned during the training at random instead of by magnitude."""

from collections.abc import Iterator

import torch

from workers.science.controls.context import ControlContext, InitialState


def derive(context: ControlContext, *, draws: int = 1) -> Iterator[InitialState]:
    """Yield one initial state per draw: the masks and weights that the ticket began with, and random scores.

    The pruning method prunes by the magnitude of the scores instead of that of the weights. So each set of as many
    weights of a layer is as likely, and layers keep as many as in the ticket.
    """
    for draw in range(draws):
        generator = context.generator(draw)
        scores = {name: torch.rand(mask.shape, generator=generator) for name, mask in context.first.items()}
        yield InitialState(context.first, context.theta0, scores)
