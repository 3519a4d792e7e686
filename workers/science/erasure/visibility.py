"""How much of a picture is left in a weight matrix, and how much chance alone would leave."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

REACH = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Visibility:
    """`value` is AUC in [0, 1] for a two-level picture (0.5 = erased), else a rank correlation in [-1, 1] (0 = erased).

    `null_low` to `null_high` is where 95 % of pictures with rows and columns permuted would lie.
    """

    value: float
    null_low: float
    null_high: float


class Picture:
    """A picture that lies in a matrix: `ink` `(rows, columns)` in [0, 1], not all the same.

    `placement` "multiplicative" looks for smaller |w| where there is ink, "additive" for larger w.

    The null permutes rows and columns independently, since hidden units are exchangeable at initialisation. Shifted
    pictures overlap the original and would give far too wide an interval. The null's mean and variance are exact, the
    interval is that of a normal distribution. Source: this project's protocol.
    """

    def __init__(
        self, ink: NDArray[np.float32], *, two_level: bool, placement: Literal["multiplicative", "additive"]
    ) -> None:
        self._two_level, self._placement = two_level, placement
        # A two-level picture weighs its ink; a grey one is compared by ranks.
        weights = ink.astype(np.float64) if two_level else average_ranks(ink)
        self._inked = float(weights.sum())
        self._weights = _Parts.of(weights)

    def measure(self, weights: NDArray[np.float32]) -> Visibility:
        """Return how visible the picture is in a finite matrix `(rows, columns)`."""
        score = -np.abs(weights) if self._placement == "multiplicative" else weights
        ranks = _Parts.of(average_ranks(score))
        covariance = float(np.vdot(ranks.centred, self._weights.centred))
        reach = REACH * sqrt(ranks.variance(self._weights))
        if self._two_level:
            # Mann and Whitney: the share of pairs (ink, background) in which the ink has the higher score, ties half.
            scale, middle = 1 / (self._inked * (ranks.centred.size - self._inked)), 0.5
        else:
            norm = float(np.linalg.norm(ranks.centred) * np.linalg.norm(self._weights.centred))
            scale, middle = (1 / norm if norm else 0.0), 0.0
        return Visibility(middle + scale * covariance, middle - scale * reach, middle + scale * reach)


class _Parts(NamedTuple):
    """A matrix less its mean, and the sums of squares of its row means, column means and what neither explains."""

    centred: Floats
    rows: float
    columns: float
    rest: float

    @classmethod
    def of(cls, matrix: Floats) -> "_Parts":
        centred = matrix - matrix.mean()
        by_row, by_column = centred.mean(axis=1), centred.mean(axis=0)
        m, n = centred.shape
        rows, columns = float(by_row @ by_row), float(by_column @ by_column)
        rest = float(np.vdot(centred, centred)) - n * rows - m * columns
        return cls(centred, rows, columns, max(rest, 0.0))

    def variance(self, other: "_Parts") -> float:
        """Return the variance of Σ a[π(i), σ(j)] · b[i, j] over independent uniform permutations π and σ.

        π permutes rows, σ columns. The three parts are orthogonal and permute without correlation, so their variances
        add up. For centred x and y of length k, Σ x[π(i)] · y[i] has the variance Σx² Σy² / (k − 1).
        """
        m, n = self.centred.shape
        variance: float = (
            n**2 * self.rows * other.rows / max(m - 1, 1)
            + m**2 * self.columns * other.columns / max(n - 1, 1)
            + self.rest * other.rest / max((m - 1) * (n - 1), 1)
        )
        return variance


def average_ranks(values: NDArray[np.float32]) -> Floats:
    """Return the ranks of `values`, from 1, in their shape; equal values share the mean of their ranks.

    As `scipy.stats.rankdata`, whose import takes a second of each worker's start.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse].reshape(values.shape)
    return ranks
