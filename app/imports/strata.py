"""Groups of initial weights by size, equal to those of `app.masks.sums.strata_of`, without a layer in memory."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.imports.source import spans
from app.masks.sums import STRATA

Read: TypeAlias = Callable[[int, int], NDArray[np.float32]]
_HALF = 1 << 16


def strata(read: Read, size: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the group of each of `size` finite weights in flat order, piece by piece; `read(first, last)` gives them.

    A group begins at a rank. The weights at these ranks are found exactly by two histograms of the bits of |w|, which
    are in the order of |w|. All others between two of them share a group, and equals are ordered by flat index.
    """
    ranks = np.unique(-(-np.arange(1, STRATA) * size // STRATA))
    edges, before, equal = _at_ranks(read, size, ranks[ranks < size])
    # Of weights between two edges: the group of the last that equals the lower one.
    between = np.concatenate(([0], (before + equal - 1) * STRATA // size)).astype(np.uint8)
    seen = np.zeros(len(edges), np.int64)
    for first, last in spans(size):
        bits = _bits(read, first, last)
        above = np.searchsorted(edges, bits, side="right")
        bounds = between[above]
        for i in np.unique(above[above > 0]) - 1:
            at = np.flatnonzero(bits == edges[i])
            bounds[at] = (before[i] + seen[i] + np.arange(len(at))) * STRATA // size
            seen[i] += len(at)
        yield bounds


def _at_ranks(
    read: Read, size: int, ranks: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct |w| at these ranks as bits, rising.

    How many weights are smaller than each, and how many equal.
    """
    coarse = np.zeros(_HALF, np.int64)
    for first, last in spans(size):
        coarse += np.bincount(_bits(read, first, last) >> 16, minlength=_HALF)
    ends = np.cumsum(coarse)
    bins = np.searchsorted(ends, ranks, side="right")
    wanted = np.unique(bins)
    row = np.full(_HALF, -1)
    row[wanted] = np.arange(len(wanted))
    fine = np.zeros((len(wanted), _HALF), np.int32)
    for first, last in spans(size):
        bits = _bits(read, first, last)
        mine = row[bits >> 16]
        np.add.at(fine, (mine[mine >= 0], bits[mine >= 0] & (_HALF - 1)), 1)
    bounds: dict[int, tuple[int, int]] = {}
    for rank, coarse_bin in zip(ranks.tolist(), bins.tolist(), strict=True):
        counts = fine[row[coarse_bin]]
        start = int(ends[coarse_bin] - coarse[coarse_bin])
        within = np.cumsum(counts)
        low = int(np.searchsorted(within, rank - start, side="right"))
        bounds[coarse_bin << 16 | low] = (start + int(within[low] - counts[low]), int(counts[low]))
    edges = np.array(sorted(bounds), np.uint32)
    before, equal = np.array([bounds[edge] for edge in sorted(bounds)], np.int64).reshape(-1, 2).T
    return edges, before, equal


def _bits(read: Read, first: int, last: int) -> NDArray[np.uint32]:
    return np.abs(read(first, last)).view(np.uint32)
