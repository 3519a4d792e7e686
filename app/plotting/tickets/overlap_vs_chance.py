"""What pairs of tickets share in each layer, against what each null expects of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.masks.chance import OFF
from app.masks.overlap import NULLS, Null
from app.plotting import words
from app.plotting.entry import FigureEntry
from app.plotting.style import DENSE, LOOKS, axis, figure, note
from app.plotting.tickets import layer_profile
from app.plotting.tickets.chance_data import ChanceInfo, info
from app.plotting.tickets.overlap_view import (
    NAMES,
    PHRASES,
    ChanceOptions,
    overlaps_alone,
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


def finding(info: ChanceInfo) -> list[Part]:
    """Return what pairs share in all, what chance gives, and in which layers they are beyond the strictest null."""
    if info.awaited:
        return list(info.awaited)
    if not info.pairs[-1]:
        why = (
            "The masks are empty and share no weights." if not info.nested
            else "Every pair keeps the same weights: no comparison with chance." if info.same == info.nested
            else "Every pair is nested, one mask within the other: no comparison with chance." if not info.same
            else "Every pair is nested or keeps the same weights: no comparison with chance."
        )  # fmt: skip
        return [Part(why)]
    pairs = int(info.pairs[-1])
    parts = [
        Part(f"Over all layers, {plural(pairs, 'pair')} of tickets" if len(info.layers) > 1
             else f"In {info.layers[0]}, {plural(pairs, 'pair')} of tickets"),
        Part(" shares " if pairs == 1 else " share "), Part(words.density(info.observed[-1]), WINNING_TICKET),
        Part(" of the smaller mask's weights"),
    ]  # fmt: skip
    nulls = [null for null, mean in info.expected.items() if np.isfinite(mean[-1])]
    chances = [
        [Part(f"{PHRASES[null]}{' ' if place else ' would share '}"),
         Part(words.density(float(info.expected[null][-1])), _LOOKS[null][0])]
        for place, null in enumerate(nulls)
    ]  # fmt: skip
    if chances:
        parts += [Part("; "), *words.listed(chances, " and ")]
    order: tuple[Null, ...] = ("unit_permuted", "uniform")
    strictest = next((null for null in order if null in info.expected), None)
    if strictest is None or len(info.layers) < 2:
        return [*parts, Part(".")]
    low, high = info.interval(strictest)
    beyond = [
        name for name, share, least, most in zip(info.layers[:-1], info.observed, low, high, strict=False)
        if share < least or share > most
    ]  # fmt: skip
    where = f"Outside the {NAMES[strictest]} interval: {', '.join(beyond)}." if beyond else (
        f"Every layer lies inside the {NAMES[strictest]} interval."
    )  # fmt: skip
    return [*parts, Part(f". {where}")]


def draw(info: ChanceInfo) -> go.Figure:
    """Return the figure: a filled dot is what was observed, an open sign with a line is the null's mean and 95 %."""
    rows = len(info.layers)
    nulls = [null for null in NULLS if null in info.expected]
    places = np.linspace(-0.27, 0.27, 1 + len(nulls))
    y = np.arange(rows, dtype=np.float64)
    data: list[dict[str, Any]] = []
    highs = [info.observed]
    for null, place in zip(nulls, places[1:], strict=True):
        role, symbol = _LOOKS[null]
        color = LOOKS[role].color
        mean = 100 * info.expected[null]
        low, high = (100 * end for end in info.interval(null))
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
    if info.pairs.any():
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": "observed", "x": 100 * info.observed, "y": y + places[0],
                "marker": {"color": LOOKS[WINNING_TICKET].color, "symbol": "circle", "size": 10},
                "hovertemplate": "%{text}<extra></extra>", "meta": {"role": WINNING_TICKET, "part": "mean"},
                "text": [f"observed: {words.brief(100 * share)} %, pairs: {pairs}"
                         for share, pairs in zip(info.observed.tolist(), info.pairs.tolist(), strict=True)],
            }
        )  # fmt: skip
    every = -(-rows // layer_profile.ROWS) or 1
    left = layer_profile.LEFT if any(len(name) > _SHORT for name in info.layers) else _LEFT
    top = max((float(np.nanmax(high, initial=0)) for high in highs), default=0.0)
    signs = [("● observed", WINNING_TICKET), *((f"{_GLYPHS[null]} {NAMES[null]}", _LOOKS[null][0]) for null in nulls)]
    return figure(
        data,
        title=f"{info.title}, against chance",
        finding=finding(info),
        foot=_foot(info),
        n=info.n,
        xaxis=axis("shared by both (% of the smaller mask)",
                   range=[0, min(105.0, 107 * top) if top > 0 else 100]),
        size="roll" if rows > _CLOSE else "",
        yaxis=axis("layer", range=[max(rows, 1) - 0.4, -0.6], tickvals=y[::every].tolist(),
                   ticktext=[layer_profile.shortened(name) for name in info.layers[::every]], showgrid=False,
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
    """Return shifts in px of signs one after another, in lines that a phone holds."""
    places, x, y = [], -40, 40
    for text in texts:
        if x > -40 and x + _width(text) > 230:
            x, y = -40, y - 17
        places.append((x, y))
        x += _width(text)
    return places


def _width(text: str) -> int:
    return 18 + 7 * len(text)


def _foot(info: ChanceInfo) -> str:
    if not info.n:
        return "n = 0"
    pairs = int(info.pairs[-1]) if len(info.pairs) else 0
    parts = [f"n = {info.who}, {plural(pairs, 'pair')}"]
    if pairs:
        parts.append("lines: 95 % of such means by chance, layers taken as independent")
    if info.estimated:
        parts.append(f"unit-permuted intervals of {plural(len(info.estimated), 'layer')} estimated: {OFF}")
    if info.unpermuted:
        parts.append(f"unit-permuted chance: {info.unpermuted}")
    if info.paired:
        parts.append(info.paired)
    if info.nested > info.same:
        parts.append(f"{plural(info.nested - info.same, 'nested pair')} left out")
    if info.same:
        parts.append(f"{plural(info.same, 'pair')} of the same mask left out")
    if info.left_out:
        parts.append(f"{plural(info.left_out, 'more ticket')} left out")
    return " · ".join(parts)


def table(info: ChanceInfo) -> dict[str, list[Any]]:
    """Return one row per layer and null; shares in [0, 1]."""
    none = np.full(len(info.layers), np.nan)
    mean = np.stack([info.expected.get(null, none) for null in NULLS], 1).ravel()
    low, high = (np.stack(ends, 1).ravel() for ends in zip(*map(info.interval, NULLS), strict=True))
    return {
        "layer": [name for name in info.layers for _ in NULLS],
        "pairs": np.repeat(info.pairs, len(NULLS)).tolist(),
        "observed": np.repeat(info.observed, len(NULLS)).tolist(),
        "null": [null for _ in info.layers for null in NULLS],
        "expected": mean.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "layer_in_other_runs": [name for name in info.partners for _ in NULLS],
    }


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
    reads_of=overlaps_alone,
)
