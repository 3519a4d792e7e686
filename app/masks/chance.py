"""What two masks share by chance: mean and standard deviation of their intersection under three nulls.

Each null defines which weights of a layer are exchangeable; one mask is shuffled accordingly.

- *uniform*: any weights of the layer.
- *unit-permuted*: the order of hidden units means nothing, so rows trade places where they are hidden units. So do
  columns that are hidden units, whole channels at a time. Which pixels and classes a mask prefers stays.
- *magnitude at init*: weights of about the same |θ0|, in hundredths. Only for masks that share their initial weights.

Layers count as independent: over several, means add up, and so do variances. The order of hidden units is shared by the
two layers that meet in them, which this leaves out of account.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.masks.codec import Bits, unpack
from app.masks.connectivity import spread_of
from app.masks.overlap import Floats, Ints
from app.masks.sums import strata_sizes

REACH = 1.96
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""

WIDE = 1024
"""Positions that stay, beyond which their covariances are no longer summed one by one."""

PAIR = 1 << 30
"""Multiplications that comparing two masks row by row may take: about 0.05 s."""

OFF = "10 % too narrow to 25 % too wide"
"""How far off an interval may be whose covariances are estimated along 256 directions."""

_PROBES = 256
_BAND = 1 << 21


class Chance(NamedTuple):
    """Mean and standard deviation of each two masks' intersection, `(k, k)`; NaN where the null does not apply.

    `estimated` is True if the standard deviation is no exact one (see `OFF`).
    """

    expected: Floats
    sd: Floats
    estimated: bool = False


class Axes(NamedTuple):
    """What trades places in a layer's matrix when hidden units are permuted: rows or not, and columns.

    The columns are `channels` groups of equal width that trade places as wholes; 1 where they all stay.
    """

    rows: bool
    channels: int


class Moments(NamedTuple):
    """What the unit-permuted null needs of one mask.

    Of two masks, the product of `totals` divided by `places` is the intersection's mean, that of `scatter` its
    variance. Instead of `scatter` there may be the mask's `table`, rows that trade places by positions that stay. Both
    are None when the variance is not needed. `estimated` as in `Chance`.
    """

    places: int
    totals: Floats
    scatter: NDArray[np.float32] | None
    table: NDArray[np.uint8] | None = None
    estimated: bool = False


def axes(shapes: Sequence[tuple[int, ...]]) -> list[Axes]:
    """Return how each layer of a network moves, from the layers' shapes in order.

    Rows of all layers but the last are hidden units, and so are columns of all but the first. Columns are the channels
    of a convolution, or the inputs of a linear layer, in blocks where it follows a convolution. Inputs whose number is
    no multiple of the units before them stay where they are.
    """
    axes = []
    for place, shape in enumerate(shapes):
        channels = 1
        if place and len(shape) > 1:
            units = shapes[place - 1][0]
            channels = shape[1] if len(shape) > 2 else units if spread_of(units, shape[1]) else 1
        axes.append(Axes(place < len(shapes) - 1 and len(shape) > 1, channels))
    return axes


def uniform(sizes: Ints, weights: int) -> Chance:
    """Return chance for masks that keep `sizes` (k,) of a layer's weights, any of them: hypergeometric."""
    return _hypergeometric(sizes[:, None].astype(np.float64), np.array([weights], np.float64))


def magnitude_at_init(strata: Ints, weights: int, inits: Sequence[Hashable]) -> Chance:
    """Return chance for masks that keep `strata` (k, 100) weights of each group of |θ0|, any of the group.

    NaN for two masks whose `inits` differ or are None.
    """
    null = _hypergeometric(strata.astype(np.float64), strata_sizes(weights).astype(np.float64))
    shared = np.array([[a is not None and a == b for b in inits] for a in inits]).reshape(null.expected.shape)
    return Chance(np.where(shared, null.expected, np.nan), np.where(shared, null.sd, np.nan))


def unit_permuted(masks: Sequence[Moments | None]) -> Chance:
    """Return chance for masks whose hidden units are permuted at random; None for a mask in which nothing moves."""
    known = [mask for mask in masks if mask is not None]
    nothing = np.full((len(masks), len(masks)), np.nan)
    if not known or len(known) < len(masks):
        return Chance(nothing, nothing)
    totals = np.stack([item.totals for item in known])
    expected = totals @ totals.T / known[0].places
    variance = np.full(nothing.shape, np.nan)
    for i, a in enumerate(known):
        for j, b in enumerate(known[: i + 1]):
            variance[i, j] = variance[j, i] = _variance(a, b)
    return Chance(expected, np.sqrt(np.maximum(variance, 0)), any(item.estimated for item in known))


def _variance(a: Moments, b: Moments) -> float:
    if a.scatter is not None and b.scatter is not None:
        return float(np.vdot(a.scatter, b.scatter))
    if a.table is None or b.table is None:
        return float("nan")
    n, k = a.table.shape
    shared = np.zeros((n, n))
    step = max(1, _BAND // n)
    for first in range(0, k, step):  # products of bytes are exact in float32
        left, right = (item[:, first : first + step].astype(np.float32) for item in (a.table, b.table))
        shared += left @ right.T
    shared -= shared.mean(axis=0) + shared.mean(axis=1, keepdims=True) - shared.mean()
    return float(np.vdot(shared, shared) / max(n - 1, 1))


def moments(bits: Callable[[], Bits], rows: Ints, columns: Ints, moves: Axes, *, spread: bool) -> Moments | None:
    """Return moments of one mask from its kept weights per row and per column; None where nothing moves.

    `bits` is called only where these sums do not suffice.

    The layer is a table of n × c cells of k positions: rows and columns of the table trade places, positions stay. The
    mask is its mean, row effects, column effects and a rest. Permutations move the three apart from each other. Each
    one's share of the variance is the product of the two masks' covariances between positions, over its degrees of
    freedom. This is exact up to `WIDE` positions. Beyond, where only rows move and are fewer than positions, the same
    sum is taken over rows instead. It is Σ (A Bᵀ)² / (n − 1) with A and B centred, which is as exact. Where that too
    takes more than `PAIR` multiplications, covariances are estimated along 256 directions, always the same (see `OFF`).

    Source: Hoeffding 1951 ("A combinatorial central limit theorem") for one side; random signs: Hutchinson 1989.
    """
    high, wide = len(rows), len(columns)
    width = wide // moves.channels
    if moves.rows:
        n, c, k = high, moves.channels, width
    elif moves.channels > 1:
        n, c, k = moves.channels, 1, high * width
    else:
        return None

    def table() -> NDArray[np.uint8]:
        mask = unpack(bits(), wide)
        if moves.rows:
            return mask.reshape(n, c, k)
        return mask.reshape(high, n, width).swapaxes(0, 1).reshape(n, 1, k)

    cells: NDArray[np.uint8] | None = None
    if moves.rows:
        totals = columns.reshape(c, k).sum(axis=0).astype(np.float64)
    elif width == 1:
        totals = rows.astype(np.float64)
    else:
        cells = table()
        totals = cells.sum(axis=(0, 1), dtype=np.float64)
    if not spread:
        return Moments(n * c, totals, None)

    if k > WIDE and c == 1 and n < k and n * n * k <= PAIR:
        cells = table() if cells is None else cells
        return Moments(n * c, totals, None, cells.reshape(n, k))
    probes = _probes(k) if k > WIDE else None
    mean = _products(totals[None], probes) / (n * c)
    if k == 1 and moves.rows:  # the sums suffice
        in_cell, by_row = totals[:, None], rows[:, None].astype(np.float64)
    else:
        cells = table() if cells is None else cells
        in_cell = _products(cells.reshape(n * c, k), probes)
        by_row = cells.sum(axis=1, dtype=np.float64) if c > 1 else np.zeros((0, k))
    if c == 1:
        parts = [(in_cell - mean, n - 1)]
    else:
        in_row = _products(by_row, probes) / c
        in_column = _products(columns.reshape(c, k).astype(np.float64), probes) / n
        rest = in_cell - in_row - in_column + mean
        parts = [(in_row - mean, n - 1), (in_column - mean, c - 1), (rest, (n - 1) * (c - 1))]
    scatter = [(part / max(freedom, 1) ** 0.5).astype(np.float32).reshape(-1) for part, freedom in parts]
    joined = scatter[0] if len(scatter) == 1 else np.concatenate(scatter)
    return Moments(n * c, totals, joined, estimated=probes is not None)


def _probes(positions: int) -> Floats:
    """Return vectors `(positions, 256)` whose outer products add up to the identity on average.

    Half of them take neighbouring positions together, where covariances are large, and are exact. The other half are
    random signs for all that is left.
    """
    half = _PROBES // 2
    group = np.arange(positions) * half // positions
    together = (group[:, None] == np.arange(half)) / np.sqrt(np.bincount(group))
    signs = np.random.default_rng(0).choice(np.array([-1.0, 1.0]), (positions, half)) / half**0.5
    return np.hstack([together, signs - together @ (together.T @ signs)])


def _products(vectors: NDArray[np.uint8] | Floats, probes: Floats | None) -> Floats:
    """Return the sum of the outer products of `(n, k)` vectors with themselves, `(k, k)`.

    With probes, that times them.
    """
    k = vectors.shape[1]
    total = np.zeros((k, k if probes is None else probes.shape[1]))
    # Products of bytes are exact in float32, whose matrices multiply twice as fast.
    dtype: Any = np.float32 if vectors.dtype == np.uint8 else np.float64
    right = None if probes is None else probes.astype(dtype)
    step = max(1, _BAND // k)
    for first in range(0, len(vectors), step):
        band = vectors[first : first + step].astype(dtype)
        total += band.T @ (band if right is None else band @ right)
    return total


def _hypergeometric(kept: Floats, weights: Floats) -> Chance:
    """Return chance for masks that keep any `kept` (k, q) of `weights` (q,) weights in each of q groups."""
    share = np.divide(kept, weights, out=np.zeros_like(kept), where=weights > 0)
    expected = (share * weights) @ share.T
    free = share * (1 - share)
    scale = np.divide(weights**2, weights - 1, out=np.zeros_like(weights), where=weights > 1)
    return Chance(expected, np.sqrt(np.maximum((free * scale) @ free.T, 0)))
