"""Random reinit: the ticket's mask with new initial weights."""

from collections.abc import Iterator

from workers.science.controls.context import ControlContext, InitialState


def derive(context: ControlContext, *, draws: int = 1) -> Iterator[InitialState]:
    """Yield one initial state per draw: the same masks, each time other initial weights.

    Source: Frankle & Carbin 2019, arXiv 1803.03635, section 2.
    """
    for draw in range(draws):
        yield InitialState(context.masks, context.fresh(draw))
