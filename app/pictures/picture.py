"""A picture as ink, and its fit into a weight matrix."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ink: TypeAlias = NDArray[np.float32]

SIDE: Final = 256
"""Pixels of the longer side that a picture has at most."""

MIN_CONTRAST: Final = 0.05
"""Least difference between the most and the least ink: of what shows less than that, erasure would be undefined."""

# A pixel that is covered by half counts as ink, also where rounding took the last bit of that half.
_HALF: Final = 0.5 - 1e-6


class Picture(NamedTuple):
    """Ink `(height, width)` in [0, 1], 1 being full ink.

    Of a `two_level` picture only 0 and 1 are meant: values between, at the edges, are how much of a pixel is covered.
    """

    ink: Ink
    two_level: bool


def fit(picture: Picture, rows: int, columns: int) -> Ink:
    """Return the ink of each weight of a matrix, `(rows, columns)`; of a two-level picture exactly 0 or 1.

    The picture fills the matrix as far as its proportions allow, centred on blank. It is shrunk by the mean over areas
    and enlarged linearly.
    """
    height, width = picture.ink.shape
    scale = min(rows / height, columns / width)
    high = min(rows, max(1, round(height * scale)))
    wide = min(columns, max(1, round(width * scale)))
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    resized = np.asarray(Image.fromarray(picture.ink).resize((wide, high), filter_), np.float32)
    if picture.two_level:
        resized = (resized >= _HALF).astype(np.float32)
    fitted = np.zeros((rows, columns), np.float32)
    top, left = (rows - high) // 2, (columns - wide) // 2
    fitted[top : top + high, left : left + wide] = resized.clip(0, 1)
    return fitted


def contrast(ink: Ink) -> float:
    """Return the most ink minus the least, in [0, 1]."""
    return float(ink.max() - ink.min())


def grey(pixels: NDArray[np.uint8]) -> Picture:
    """Return the picture that pixels `(height, width)` show, 0 black and 255 white.

    It is two-level where they have two values.
    """
    low, high = int(pixels.min()), int(pixels.max())
    two_level = (high - low) / 255 >= MIN_CONTRAST and bool(((pixels == low) | (pixels == high)).all())
    ink = (
        (pixels == low).astype(np.float32) if two_level else np.float32(1) - pixels.astype(np.float32) / np.float32(255)
    )
    return Picture(ink, two_level)
