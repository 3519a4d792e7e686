"""Colours of matrices, for the light page and the dark one: ordered by lightness, so that no hue is needed."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.contract.palette import INK, TICKET, WASH

Theme: TypeAlias = Literal["light", "dark"]
Stops: TypeAlias = Sequence[str]

# The first colour is that of a pruned weight: the page itself.
PAPER: dict[Theme, str] = {"light": WASH.light, "dark": WASH.dark}
# From a colour that stands out from the paper even on a single pixel to ink.
SEQUENTIAL: dict[Theme, Stops] = {
    "light": ("#e2b25c", TICKET.light, "#7d4a12", INK.light),
    "dark": ("#7d5a1e", "#c98a1e", "#f3c56a", "#fbf6e9"),
}
# Blue for negative, amber for positive: apart for every common kind of colour vision; equal lightness at equal |w|.
DIVERGING: dict[Theme, Stops] = {
    "light": ("#123f7a", "#2f6fb4", "#8fb4dc", "#c9c5bb", "#d8a959", "#9a6000", "#5f3600"),
    "dark": ("#b5d5ff", "#6ea8e6", "#32659f", "#4a4a52", "#855b10", "#d59928", "#e9d09c"),
}
# A kept weight whose sign kept; those that flipped take the sequential colours.
SAME: dict[Theme, str] = {"light": "#c9c5bb", "dark": "#55545d"}
# Kept by A only, by B only, by both.
SIDES: dict[Theme, Stops] = {
    "light": (TICKET.light, "#2f6fb4", INK.light),
    "dark": (TICKET.dark, "#6ea8e6", "#fbf6e9"),
}


def ramp(stops: Stops, n: int) -> NDArray[np.uint8]:
    """Return `n` colours from the first stop to the last, `(n, 3)` in sRGB."""
    rgb = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops], float)
    at = np.linspace(0, len(stops) - 1, n) if n > 1 else np.array([len(stops) - 1.0])
    array = np.stack([np.interp(at, np.arange(len(stops)), rgb[:, channel]) for channel in range(3)], axis=1)
    return array.round().astype(np.uint8)
