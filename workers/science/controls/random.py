"""Random mask: a mask permuted within each layer and new initial weights, so only the layers' sizes are kept."""

from collections.abc import Iterator

from workers.science.controls.context import ControlContext, InitialState, permuted


def derive(context: ControlContext, *, draws: int = 1) -> Iterator[InitialState]:
    """Yield one initial state per draw: permuted masks over other initial weights.

    Source: Frankle & Carbin 2019, arXiv 1803.03635, section 2.
    """
    for draw in range(draws):
        yield InitialState(permuted(context.masks, context.generator(draw)), context.fresh(draw))
