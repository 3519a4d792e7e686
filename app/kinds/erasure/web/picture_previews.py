"""What a picture looks like in weights, before anything is trained: drawn on a random matrix in milliseconds."""

import io
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.atlas.palettes import Theme
from app.kinds.erasure.film.pictures import QUANTILE, SHADES, palette, rounded_up
from app.pictures.picture import Picture, fit
from app.pictures.watermark import Placement, mark

MAX_SIDE = 512


class Preview(NamedTuple):
    """A PNG with a pixel for each weight that is shown: every `every`-th row and column of `rows` × `columns`."""

    png: bytes
    rows: int
    columns: int
    every: tuple[int, int]
    reach: float
    says: str


def preview(
    picture: Picture, rows: int, columns: int, *, contrast: float, placement: Placement, size: int, theme: Theme
) -> Preview:
    """Return a random orthogonal matrix times √(rows / columns), as a training starts from, with the picture in it.

    At most `size` pixels each way.
    """
    every = _step(rows, size), _step(columns, size)
    ink = fit(picture, rows, columns)[:: every[0], :: every[1]]
    weights = mark(weights_of(rows, columns, size), np.ascontiguousarray(ink), contrast=contrast, placement=placement)
    reach = rounded_up(float(np.quantile(np.abs(weights), QUANTILE)))
    codes = np.rint(np.clip(weights * (SHADES / reach), -SHADES, SHADES)) + SHADES
    image = Image.fromarray(codes.astype(np.uint8), "P")
    image.putpalette(palette(theme))
    out = io.BytesIO()
    # Random bits gain nothing from a harder search.
    image.save(out, "PNG", compress_level=1)
    says = _says(picture, rows, columns, every, contrast, placement)
    return Preview(out.getvalue(), rows, columns, every, reach, says)


@lru_cache(maxsize=6)
def weights_of(rows: int, columns: int, size: int) -> NDArray[np.float32]:
    """Return the shown rows and columns of an orthogonal matrix times √(rows / columns): at most `size` of each.

    All rows and columns of a matrix drawn evenly from all orthogonal ones are distributed alike. So the first ones are
    drawn, and of the shorter side no more than are shown. Gaussian columns become orthonormal by the Cholesky factor of
    their products: a QR decomposition whose R has a positive diagonal.
    """
    high, wide = -(-rows // _step(rows, size)), -(-columns // _step(columns, size))
    seen, short = (high, wide) if rows >= columns else (wide, high)
    drawn = np.random.default_rng((rows, columns)).standard_normal((max(rows, columns), short))
    part = np.linalg.solve(np.linalg.cholesky(drawn.T @ drawn), drawn[:seen].T)
    oriented = part.T if rows >= columns else part
    weights: NDArray[np.float32] = (np.sqrt(rows / columns) * oriented).astype(np.float32)
    weights.setflags(write=False)
    return weights


def _step(side: int, size: int) -> int:
    """Return k: one of k rows, or columns, is shown."""
    return -(-side // size)


def _says(
    picture: Picture, rows: int, columns: int, every: tuple[int, int], contrast: float, placement: Placement
) -> str:
    ink = "where there is ink" if picture.two_level else "under full ink"
    done = f"+ {contrast:g} of their spread" if placement == "additive" else f"× {1 - contrast:.3g}"
    thinned = [f"{_ordinal(step)}{side}" for side, step in zip(("row", "column"), every, strict=True) if step > 1]
    if every[0] == every[1] > 1:
        thinned = [f"{_ordinal(every[0])}row and column"]
    part = f", every {' and '.join(thinned)} shown" if thinned else ""
    return f"{rows:,}×{columns:,} weights{part}: {done} {ink}. The run uses another random draw."


def _ordinal(number: int) -> str:
    return {2: "2nd ", 3: "3rd "}.get(number, f"{number}th ")
