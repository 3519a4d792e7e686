"""Cosine: half a cosine down to a final fraction of the rate."""

from math import cos, pi


def factor(step: int, steps: int, *, final: float = 0.0) -> float:
    """Return half a cosine from 1 at the first step to `final` at the last; a training of one step stays at 1.

    Source: Loshchilov & Hutter 2017, arXiv 1608.03983, equation 5, without restarts.
    """
    if steps == 1:
        return 1.0
    return final + (1 - final) * (1 + cos(pi * step / (steps - 1))) / 2
