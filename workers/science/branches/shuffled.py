"""Shuffled mask: the ticket's initial weights under its mask permuted within each layer."""

from collections.abc import Iterator

from workers.science.branches.origin import Origin, Start, permuted


def derive(origin: Origin, *, draws: int = 1) -> Iterator[Start]:
    """One start per draw: permuted masks over the initial weights of the ticket.

    Source: Frankle et al. 2021, arXiv 2009.08576.
    """
    for draw in range(draws):
        yield Start(permuted(origin.masks, origin.generator(draw)), origin.theta0)
