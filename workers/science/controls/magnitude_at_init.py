"""Magnitude at init: the ticket's budget spent on the largest initial weights, before any training."""

from collections.abc import Iterator

from workers.science.controls.context import ControlContext, InitialState


def derive(context: ControlContext) -> Iterator[InitialState]:
    """Yield the one initial state there is: the same initial weights, pruned by their own magnitude.

    Source: Frankle et al. 2021, arXiv 2009.08576.
    """
    yield InitialState(context.prune_at_init(), context.theta0)
