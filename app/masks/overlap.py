"""How much masks share: intersections of packed bits, IoU, and overlap measured from chance."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from app.contract.tickets import TicketRef
from app.masks.codec import Bits

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Null: TypeAlias = Literal["uniform", "unit_permuted", "magnitude_at_init"]
"""What chance may mean: see `app.masks.chance`."""

NULLS: tuple[Null, ...] = get_args(Null)

# Words of each mask that are compared at a time: 60 masks' worth stays in a cache. A multiple of three, see below.
_WORDS = 6144


class Overlaps(NamedTuple):
    """Overlap of k tickets of networks alike, layer by layer.

    `weights` (L,) counts each layer's weights, `sizes` (k, L) the kept ones, `intersections` (k, k, L) those that both
    keep. `expected` and `sd` (k, k, L) are the intersection's mean and standard deviation under each null. They are NaN
    where the null does not apply, and `sd` also where it is not needed. `left_out` counts tickets beyond the bound.
    `runs` holds the names of the runs by id. `partners` holds, by id of each run but the first, the names that these
    layers have there. `paired_by` holds what decided that. `estimated` names layers whose unit-permuted `sd` is no
    exact one. `unpermuted` is the reason why nothing is unit-permuted in this model, "" where its units are known.
    `starts` (k,) are ids of initial weights, None where they are not saved.
    """

    refs: tuple[TicketRef, ...]
    layers: tuple[str, ...]
    weights: Ints
    sizes: Ints
    intersections: Ints
    expected: Mapping[Null, Floats]
    sd: Mapping[Null, Floats]
    left_out: int = 0
    runs: Mapping[str, str] = MappingProxyType({})
    partners: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    paired_by: Mapping[str, str] = MappingProxyType({})
    estimated: tuple[str, ...] = ()
    unpermuted: str = ""
    starts: tuple[str | None, ...] = ()


NO_OVERLAPS = Overlaps((), (), np.zeros(0, np.int64), np.zeros((0, 0), np.int64), np.zeros((0, 0, 0), np.int64), {}, {})


def intersections(masks: Sequence[Bits]) -> Ints:
    """Count the weights that each two of k masks of one layer keep, `(k, k)`; the diagonal counts those of each mask.

    Raises `ValueError` when the masks differ in shape.
    """
    if len({mask.shape for mask in masks}) > 1:
        raise ValueError("masks of one layer have the same shape")
    total = np.zeros((len(masks), len(masks)), np.int64)
    flat = [mask.reshape(-1) for mask in masks]
    size = flat[0].size if flat else 0
    third = max(1, min(_WORDS // 3, -(-size // 24)))
    block = np.zeros((len(masks), 24 * third), np.uint8)
    words = block.view(np.uint64)
    both, counts = np.empty_like(words), np.empty(words.shape, np.uint8)
    for first in range(0, size, 24 * third):
        width = min(24 * third, size - first)
        block[:, width:] = 0
        for row, bits in zip(block, flat, strict=True):
            row[:width] = bits[first : first + width]
        for i in range(len(masks)):
            np.bitwise_and(words[i], words[i:], out=both[i:])
            ones = np.bitwise_count(both[i:], out=counts[i:])
            # Three counts of at most 64 fit a byte, where they add up several times as fast.
            of_three = ones[:, :third] + ones[:, third : 2 * third]
            of_three += ones[:, 2 * third :]
            total[i, i:] += of_three.sum(axis=1, dtype=np.uint32)
    return np.triu(total) + np.triu(total, 1).T


def smaller(sizes: Ints) -> Ints:
    """Return the kept weights of the smaller of each two masks, `(k, k, …)` from `(k, …)`."""
    return np.minimum(sizes[:, None], sizes[None, :])


def iou(intersection: NDArray[np.float64 | np.int64], sizes: Ints) -> Floats:
    """Return intersection over union, in [0, 1]; NaN where both masks are empty."""
    union = sizes[:, None] + sizes[None, :] - intersection
    array: Floats = np.divide(intersection, union, out=np.full(union.shape, np.nan), where=union > 0)
    return array


def adjusted(intersection: Ints, sizes: Ints, expected: Floats) -> Floats:
    """Return (I − E) / (min(|a|, |b|) − E): 0 at chance, 1 where one mask holds the other.

    NaN where chance leaves no room, as it does for a dense mask or an empty one, and where `expected` is NaN.
    """
    least = smaller(sizes)
    room = least - expected
    # Rounding may leave a trace of room where there is none.
    there = room > 1e-9 * least
    array: Floats = np.divide(intersection - expected, room, out=np.full(room.shape, np.nan), where=there)
    return array


def nested(intersection: Ints, sizes: Ints) -> NDArray[np.bool_]:
    """Return which two masks are nested, or the same; never one with itself nor an empty one."""
    least = smaller(sizes)
    is_nested: NDArray[np.bool_] = (intersection == least) & (least > 0)
    is_nested[np.arange(len(sizes)), np.arange(len(sizes))] = False
    return is_nested
