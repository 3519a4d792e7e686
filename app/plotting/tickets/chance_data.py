"""The data of the figure of overlap against chance: the overlap of each pair, and what chance gives."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.masks.chance import REACH
from app.masks.overlap import NULLS, Floats, Ints, Null, nested, smaller
from app.plotting.source import Source
from app.plotting.tickets.overlap_view import (
    ChanceOptions,
    awaited,
    count,
    pairs_by,
    partners,
    replicates,
    title,
)
from app.plotting.words import Part


class ChanceInfo(NamedTuple):
    """Shares in [0, 1] of the smaller mask's kept weights that the other keeps too, means over the pairs.

    One entry per layer, and a last one for all of them where there are several: `pairs` counts those with a weight in
    it. `expected` and `sd` are the mean's own under each null, and hold those nulls alone that apply to every pair.
    `nested` pairs are left out, `same` of which are of one mask. `partners` are the layers' names in other runs.
    `estimated` the layers whose unit-permuted interval is no exact one. `unpermuted` why there is none in this model.
    """

    title: str
    layers: tuple[str, ...]
    pairs: Ints
    observed: Floats
    expected: Mapping[Null, Floats]
    sd: Mapping[Null, Floats]
    nested: int
    same: int
    n: int
    who: str
    paired: str
    partners: tuple[str, ...]
    left_out: int
    awaited: tuple[Part, ...]
    estimated: tuple[str, ...] = ()
    unpermuted: str = ""

    def interval(self, null: Null) -> tuple[Floats, Floats]:
        """Return where 95 % of such means lie by chance, within [0, 1]; NaN where the null does not apply."""
        none = np.full(len(self.layers), np.nan)
        mean, reach = self.expected.get(null, none), REACH * self.sd.get(null, none)
        return np.maximum(mean - reach, 0), np.minimum(mean + reach, 1)


def info(source: Source[ChanceOptions]) -> ChanceInfo:
    """Return the data of the figure, from the overlaps.

    Nested pairs, which share all by construction, are left out unless they are the chosen pair. Pairs that have a
    ticket in common are uncorrelated under each null, so variances of the mean add up; so they do over layers.
    """
    overlaps = source.overlaps
    names = overlaps.layers if overlaps else ()
    several = len(names) > 1
    rows = (*names, "all layers") if several else names
    none = np.full(len(rows), np.nan)
    empty = ChanceInfo(
        title=title(source),
        layers=rows,
        pairs=np.zeros(len(rows), np.int64),
        observed=none,
        expected={},
        sd={},
        nested=0,
        same=0,
        n=replicates(overlaps.refs) if overlaps else 0,
        who=count(overlaps.refs) if overlaps else "",
        paired=pairs_by(overlaps) if overlaps else "",
        partners=(*(partners(overlaps, i) for i in range(len(names))), *([""] if several else [])) if overlaps else (),
        left_out=overlaps.left_out if overlaps else 0,
        awaited=awaited(source),
        unpermuted=overlaps.unpermuted if overlaps else "",
    )
    if overlaps is None or len(overlaps.refs) < 2 or not names:
        return empty
    i, j = np.triu_indices(len(overlaps.refs), 1)
    total = overlaps.sizes.sum(axis=1)
    inside = nested(overlaps.intersections.sum(axis=2), total)[i, j]
    same = inside & (total[i] == total[j])
    if not source.options.a:
        i, j = i[~inside], j[~inside]

    def of_pairs(values: NDArray[Any]) -> Floats:
        """Return (pairs, layers), and all layers together where there are several."""
        chosen = values[i, j].astype(np.float64)
        return np.concatenate([chosen, chosen.sum(axis=1, keepdims=True)], axis=1) if several else chosen

    least = smaller(overlaps.sizes)[i, j].astype(np.float64)
    least = np.concatenate([least, _in_all(overlaps.sizes)[i, j]], axis=1) if several else least
    there = least > 0
    pairs = there.sum(axis=0)

    def mean(values: Floats, n: Ints) -> Floats:
        total = np.where(there, values, 0.0).sum(axis=0)
        array: Floats = np.divide(total, n, out=none.copy(), where=pairs > 0)
        return array

    share = np.divide(1, least, out=np.zeros(least.shape), where=there)
    nulls = [null for null in NULLS if len(i) and np.isfinite(overlaps.expected[null][i, j]).any(axis=1).all()]
    return empty._replace(
        pairs=pairs,
        observed=mean(of_pairs(overlaps.intersections) * share, pairs),
        expected={null: mean(of_pairs(overlaps.expected[null]) * share, pairs) for null in nulls},
        sd={null: np.sqrt(mean(of_pairs(overlaps.sd[null] ** 2) * share**2, pairs**2)) for null in nulls},
        nested=0 if source.options.a else int(inside.sum()),
        same=0 if source.options.a else int(same.sum()),
        estimated=overlaps.estimated if "unit_permuted" in nulls else (),
    )


def _in_all(sizes: Ints) -> Ints:
    """Return the kept weights of the smaller of each two masks over all layers, `(k, k, 1)`."""
    return smaller(sizes.sum(axis=1, keepdims=True))
