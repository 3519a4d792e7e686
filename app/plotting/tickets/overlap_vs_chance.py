"""What pairs of tickets share in each layer, against what each null expects of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.masks.chance import OFF, REACH
from app.masks.overlap import NULLS, Floats, Ints, Null, nested, smaller
from app.plotting import words
from app.plotting.entry import FigureEntry, Reads
from app.plotting.source import Options, Source
from app.plotting.style import DENSE, LOOKS, axis, figure, note
from app.plotting.tickets import layer_profile
from app.plotting.tickets.overlap_view import (
    NAMES,
    PHRASES,
    ChanceOptions,
    awaited,
    count,
    pairs_by,
    partners,
    replicates,
    title,
)
from app.plotting.words import Part

# A shuffled control is a draw of the uniform null, so they share a look.
_LOOKS: Mapping[Null, tuple[str, str]] = {
    "uniform": ("shuffled", "diamond-open"),
    "unit_permuted": (DENSE, "square-open"),
    "magnitude_at_init": ("magnitude_at_init", "triangle-down-open"),
}
# In px: the margin that names of so many characters need.
_LEFT, _SHORT = 84, 11
# More rows than this need a longer figure; of more than that has room for, some stay without a name.
_CLOSE = 24
_GLYPHS: Mapping[Null, str] = {"uniform": "◇", "unit_permuted": "□", "magnitude_at_init": "▽"}


class ChanceInfo(NamedTuple):
    """Shares in [0, 1] of the smaller mask's kept weights that the other keeps too, means over the pairs.

    One entry per layer, and a last one for all of them where there are several: `pairs` counts those with a weight in
    it; `expected` and `sd` are the mean's own under each null, and hold those nulls alone that apply to every pair.
    `nested` pairs are left out, `same` of which are of one mask. `partners` are the layers' names in other runs;
    `estimated` the layers whose unit-permuted interval is no exact one.
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

    def interval(self, null: Null) -> tuple[Floats, Floats]:
        """Where 95 % of such means lie by chance, within [0, 1]; NaN where the null does not apply."""
        none = np.full(len(self.layers), np.nan)
        mean, reach = self.expected.get(null, none), REACH * self.sd.get(null, none)
        return np.maximum(mean - reach, 0), np.minimum(mean + reach, 1)


def info(source: Source[ChanceOptions]) -> ChanceInfo:
    """The data of the figure, from the overlaps.

    Nested pairs, which share all by construction, are left out unless they are the pair asked for. Pairs that have a
    ticket in common are uncorrelated under each null, so variances of the mean add up; so they do over layers.
    """
    made = source.overlaps
    names = made.layers if made else ()
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
        n=replicates(made.refs) if made else 0,
        who=count(made.refs) if made else "",
        paired=pairs_by(made) if made else "",
        partners=(*(partners(made, i) for i in range(len(names))), *([""] if several else [])) if made else (),
        left_out=made.left_out if made else 0,
        awaited=awaited(source),
    )
    if made is None or len(made.refs) < 2 or not names:
        return empty
    i, j = np.triu_indices(len(made.refs), 1)
    total = made.sizes.sum(axis=1)
    inside = nested(made.intersections.sum(axis=2), total)[i, j]
    same = inside & (total[i] == total[j])
    if not source.options.a:
        i, j = i[~inside], j[~inside]

    def of_pairs(values: NDArray[Any]) -> Floats:
        """(pairs, layers), and all layers together where there are several."""
        chosen = values[i, j].astype(np.float64)
        return np.concatenate([chosen, chosen.sum(axis=1, keepdims=True)], axis=1) if several else chosen

    least = smaller(made.sizes)[i, j].astype(np.float64)
    least = np.concatenate([least, _in_all(made.sizes)[i, j]], axis=1) if several else least
    there = least > 0
    pairs = there.sum(axis=0)

    def mean(values: Floats, n: Ints) -> Floats:
        total = np.where(there, values, 0.0).sum(axis=0)
        found: Floats = np.divide(total, n, out=none.copy(), where=pairs > 0)
        return found

    share = np.divide(1, least, out=np.zeros(least.shape), where=there)
    told = [null for null in NULLS if len(i) and np.isfinite(made.expected[null][i, j]).any(axis=1).all()]
    return empty._replace(
        pairs=pairs,
        observed=mean(of_pairs(made.intersections) * share, pairs),
        expected={null: mean(of_pairs(made.expected[null]) * share, pairs) for null in told},
        sd={null: np.sqrt(mean(of_pairs(made.sd[null] ** 2) * share**2, pairs**2)) for null in told},
        nested=0 if source.options.a else int(inside.sum()),
        same=0 if source.options.a else int(same.sum()),
        estimated=made.estimated if "unit_permuted" in told else (),
    )


def _in_all(sizes: Ints) -> Ints:
    """Kept weights of the smaller of each two masks over all layers, `(k, k, 1)`."""
    return smaller(sizes.sum(axis=1, keepdims=True))


def finding(made: ChanceInfo) -> list[Part]:
    """What pairs share in all, what chance gives, and in which layers they are beyond the strictest null."""
    if made.awaited:
        return list(made.awaited)
    if not made.pairs[-1]:
        why = (
            "The masks are empty and share no weights." if not made.nested
            else "Every pair keeps the same weights: no comparison with chance." if made.same == made.nested
            else "Every pair is nested, one mask within the other: no comparison with chance." if not made.same
            else "Every pair is nested or keeps the same weights: no comparison with chance."
        )  # fmt: skip
        return [Part(why)]
    pairs = int(made.pairs[-1])
    parts = [
        Part(f"Over all layers, {plural(pairs, 'pair')} of tickets" if len(made.layers) > 1
             else f"In {made.layers[0]}, {plural(pairs, 'pair')} of tickets"),
        Part(" shares " if pairs == 1 else " share "), Part(words.density(made.observed[-1]), WINNING_TICKET),
        Part(" of the smaller mask's weights"),
    ]  # fmt: skip
    told = [null for null, mean in made.expected.items() if np.isfinite(mean[-1])]
    chances = [
        [Part(f"{PHRASES[null]}{' ' if place else ' would share '}"),
         Part(words.density(float(made.expected[null][-1])), _LOOKS[null][0])]
        for place, null in enumerate(told)
    ]  # fmt: skip
    if chances:
        parts += [Part("; "), *words.listed(chances, " and ")]
    order: tuple[Null, ...] = ("unit_permuted", "uniform")
    strictest = next((null for null in order if null in made.expected), None)
    if strictest is None or len(made.layers) < 2:
        return [*parts, Part(".")]
    low, high = made.interval(strictest)
    beyond = [
        name for name, share, least, most in zip(made.layers[:-1], made.observed, low, high, strict=False)
        if share < least or share > most
    ]  # fmt: skip
    where = f"Outside the {NAMES[strictest]} interval: {', '.join(beyond)}." if beyond else (
        f"Every layer lies inside the {NAMES[strictest]} interval."
    )  # fmt: skip
    return [*parts, Part(f". {where}")]


def draw(made: ChanceInfo) -> go.Figure:
    """The figure: a filled dot is what was observed, an open sign with a line the null's mean and 95 % around it."""
    rows = len(made.layers)
    nulls = [null for null in NULLS if null in made.expected]
    places = np.linspace(-0.27, 0.27, 1 + len(nulls))
    y = np.arange(rows, dtype=np.float64)
    data: list[dict[str, Any]] = []
    highs = [made.observed]
    for null, place in zip(nulls, places[1:], strict=True):
        role, symbol = _LOOKS[null]
        color = LOOKS[role].color
        mean = 100 * made.expected[null]
        low, high = (100 * end for end in made.interval(null))
        highs.append(high / 100)
        gaps = np.full(rows, np.nan)
        data.append(
            {
                "type": "scatter", "mode": "lines", "x": np.stack([low, high, gaps], 1).ravel(),
                "y": np.repeat(y + place, 3), "line": {"color": color, "width": 2}, "hoverinfo": "skip",
                "meta": {"role": role, "part": "band"},
            }
        )  # fmt: skip
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": NAMES[null], "x": mean, "y": y + place,
                "marker": {"color": color, "symbol": symbol, "size": 9}, "hovertemplate": "%{text}<extra></extra>",
                "text": [f"{NAMES[null]}: {words.brief(a)} %, 95 % within {words.brief(b)} to {words.brief(c)} %"
                         for a, b, c in zip(mean.tolist(), low.tolist(), high.tolist(), strict=True)],
                "meta": {"role": role, "part": "mean"},
            }
        )  # fmt: skip
    if made.pairs.any():
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": "observed", "x": 100 * made.observed, "y": y + places[0],
                "marker": {"color": LOOKS[WINNING_TICKET].color, "symbol": "circle", "size": 10},
                "hovertemplate": "%{text}<extra></extra>", "meta": {"role": WINNING_TICKET, "part": "mean"},
                "text": [f"observed: {words.brief(100 * share)} %, pairs: {pairs}"
                         for share, pairs in zip(made.observed.tolist(), made.pairs.tolist(), strict=True)],
            }
        )  # fmt: skip
    every = -(-rows // layer_profile.ROWS) or 1
    left = layer_profile.LEFT if any(len(name) > _SHORT for name in made.layers) else _LEFT
    top = max((float(np.nanmax(high, initial=0)) for high in highs), default=0.0)
    signs = [("● observed", WINNING_TICKET), *((f"{_GLYPHS[null]} {NAMES[null]}", _LOOKS[null][0]) for null in nulls)]
    return figure(
        data,
        title=f"{made.title}, against chance",
        finding=finding(made),
        foot=_foot(made),
        n=made.n,
        xaxis=axis("shared by both (% of the smaller mask)",
                   range=[0, min(105.0, 107 * top) if top > 0 else 100]),
        size="roll" if rows > _CLOSE else "",
        yaxis=axis("layer", range=[max(rows, 1) - 0.4, -0.6], tickvals=y[::every].tolist(),
                   ticktext=[layer_profile.shortened(name) for name in made.layers[::every]], showgrid=False,
                   tickfont={"size": 11 if rows > _CLOSE else 12}),
        annotations=[
            note(text, role=role, xref="paper", x=0, xanchor="left", xshift=xshift, yref="paper", y=1, yanchor="bottom",
                 yshift=yshift)
            for (text, role), (xshift, yshift) in zip(signs, _places([text for text, _ in signs]), strict=True)
        ],
        hovermode="closest",
        margin={"l": left, "r": 16, "t": 62, "b": 42},
    )  # fmt: skip


def _places(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Shifts in px of signs one after another, in lines that a phone holds."""
    places, x, y = [], -40, 40
    for text in texts:
        if x > -40 and x + _width(text) > 230:
            x, y = -40, y - 17
        places.append((x, y))
        x += _width(text)
    return places


def _width(text: str) -> int:
    return 18 + 7 * len(text)


def _foot(made: ChanceInfo) -> str:
    if not made.n:
        return "n = 0"
    pairs = int(made.pairs[-1]) if len(made.pairs) else 0
    parts = [f"n = {made.who}, {plural(pairs, 'pair')}"]
    if pairs:
        parts.append("lines: 95 % of such means by chance, layers taken as independent")
    if made.estimated:
        parts.append(f"unit-permuted intervals of {plural(len(made.estimated), 'layer')} estimated: {OFF}")
    if made.paired:
        parts.append(made.paired)
    if made.nested > made.same:
        parts.append(f"{plural(made.nested - made.same, 'nested pair')} left out")
    if made.same:
        parts.append(f"{plural(made.same, 'pair')} of the same mask left out")
    if made.left_out:
        parts.append(f"{plural(made.left_out, 'more ticket')} left out")
    return " · ".join(parts)


def table(made: ChanceInfo) -> dict[str, list[Any]]:
    """One row per layer and null; shares in [0, 1]."""
    none = np.full(len(made.layers), np.nan)
    mean = np.stack([made.expected.get(null, none) for null in NULLS], 1).ravel()
    low, high = (np.stack(ends, 1).ravel() for ends in zip(*map(made.interval, NULLS), strict=True))
    return {
        "layer": [name for name in made.layers for _ in NULLS],
        "pairs": np.repeat(made.pairs, len(NULLS)).tolist(),
        "observed": np.repeat(made.observed, len(NULLS)).tolist(),
        "null": [null for _ in made.layers for null in NULLS],
        "expected": mean.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "layer_in_other_runs": [name for name in made.partners for _ in NULLS],
    }


def _overlaps_alone(_options: Options) -> Reads:
    """Overlaps are read apart, mask by mask; no artifact is loaded whole."""
    return Reads({}, {})


ENTRY = FigureEntry(
    "overlap_vs_chance",
    "Overlap against chance, by layer",
    "In which layers do tickets overlap more than expected by chance?",
    (),
    ChanceOptions,
    info,
    draw,
    table,
    artifacts=("mask", "pyramid"),
    narrow=_overlaps_alone,
)
