"""Shuffled mask: the ticket's initial weights under its mask permuted within each layer."""

from collections.abc import Iterator

from workers.science.controls.context import ControlContext, InitialState, permuted


def derive(context: ControlContext, *, draws: int = 1) -> Iterator[InitialState]:
    """Yield one initial state per draw: permuted masks over the initial weights of the ticket.

    Source: Frankle et al. 2021, arXiv 2009.08576.
    """
    for draw in range(draws):
        yield InitialState(permuted(context.masks, context.generator(draw)), context.theta0)
