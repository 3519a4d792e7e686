"""Magnitude at init: the ticket's budget spent on the largest initial weights, before any training."""

from collections.abc import Iterator

from workers.science.branches.origin import Origin, Start


def derive(origin: Origin) -> Iterator[Start]:
    """The one start there is: the same initial weights, pruned by their own magnitude.

    Source: Frankle et al. 2021, arXiv 2009.08576.
    """
    yield Start(origin.prune_at_init(), origin.theta0)
