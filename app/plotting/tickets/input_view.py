"""How the columns of a first layer lie as pictures: input pixels, or the positions of a kernel."""

import math
from typing import Any, NamedTuple

from app.plotting.tickets.pyramid_view import Layer

# More channels than a colour picture has are added up.
_MOST_CHANNELS = 3


class View(NamedTuple):
    """How columns become pictures: `shape` (n_channels, height, width), `added` where their channels are added up.

    A cell is a position of the `kernel` or, in a linear layer, a pixel; `note` is what had to be assumed.
    """

    shape: tuple[int, int, int]
    kernel: bool
    added: bool
    note: str = ""

    @property
    def rows(self) -> int:
        """Return pictures of a level: one for each channel that is not added to the others."""
        return 1 if self.added else self.shape[0]

    @property
    def cell(self) -> str:
        """Return what a cell is called."""
        return "kernel position" if self.kernel else "pixel"


def view_of(layer: Layer, recorded: Any) -> View | None:
    """Return the pictures of a layer's columns; `recorded` is the shape of one example, None where unknown.

    None if the layer is linear and its inputs are no picture. Then examples are texts, or neither a shape nor a square
    of 1 or 3 channels fits.
    """
    if len(layer.shape) > 2:
        channels, (height, width) = layer.shape[1], _plane(layer.shape[2:])
        return View((channels, height, width), kernel=True, added=channels > _MOST_CHANNELS)
    columns = layer.size[1]
    if recorded and len(recorded) == 3 and math.prod(recorded) == columns:
        return View((int(recorded[0]), int(recorded[1]), int(recorded[2])), kernel=False, added=True)
    if recorded and len(recorded) != 3:
        return None
    for channels in (1, 3):
        side = math.isqrt(columns // channels)
        if side > 1 and channels * side**2 == columns:
            colours = f"{channels}×" if channels > 1 else ""
            return View((channels, side, side), kernel=False, added=True, note=f"assumed {colours}{side}×{side}")
    return None


def _plane(kernel: tuple[int, ...]) -> tuple[int, int]:
    """Return a kernel of one, two or more dimensions as rows and columns."""
    return math.prod(kernel[:-1]), kernel[-1]
