"""A picture in the weights of a layer, as they are before training."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.pictures.picture import Ink

Placement: TypeAlias = Literal["multiplicative", "additive"]


def mark(weights: NDArray[Any], ink: Ink, *, contrast: float, placement: Placement) -> NDArray[np.float32]:
    """Return weights `(rows, columns)` with a picture of the same shape in them, as float32.

    Multiplicative: W · (1 − contrast · ink). Additive: W + contrast · s · ink, s being the standard deviation of W's
    entries. Raises ValueError when the shapes differ.

    Source: the weight-erasure example of docs.modula.systems, which multiplies the weights by 0 where the letter is:
    multiplicative at contrast 1. Lower contrasts, grey pictures and the additive kind are ours.
    """
    if weights.shape != ink.shape:
        raise ValueError(f"a picture of {ink.shape} does not fit weights of {weights.shape}")
    exact: NDArray[np.float64] = weights.astype(np.float64)
    much: NDArray[np.float64] = contrast * ink.astype(np.float64)
    marked = exact + exact.std() * much if placement == "additive" else exact * (1 - much)
    return marked.astype(np.float32)
