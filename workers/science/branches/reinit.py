"""Random reinit: the ticket's mask with new initial weights."""

from collections.abc import Iterator

from workers.science.branches.origin import Origin, Start


def derive(origin: Origin, *, draws: int = 1) -> Iterator[Start]:
    """One start per draw: the same masks, each time other initial weights.

    Source: Frankle & Carbin 2019, arXiv 1803.03635, section 2.
    """
    for draw in range(draws):
        yield Start(origin.masks, origin.fresh(draw))
