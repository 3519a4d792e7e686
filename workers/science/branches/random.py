"""Random mask: a mask permuted within each layer and new initial weights, so only the layers' sizes are kept."""

from collections.abc import Iterator

from workers.science.branches.origin import Origin, Start, permuted


def derive(origin: Origin, *, draws: int = 1) -> Iterator[Start]:
    """One start per draw: permuted masks over other initial weights.

    Source: Frankle & Carbin 2019, arXiv 1803.03635, section 2.
    """
    for draw in range(draws):
        yield Start(permuted(origin.masks, origin.generator(draw)), origin.fresh(draw))
