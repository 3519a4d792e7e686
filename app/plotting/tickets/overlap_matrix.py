"""How much any two tickets share: IoU, or overlap beyond chance, as a matrix."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.masks.overlap import Floats, Ints, Null, adjusted, iou, nested
from app.plotting import words
from app.plotting.entry import FigureEntry
from app.plotting.source import Source
from app.plotting.style import HEAT, HEAT_SCALE, axis, figure
from app.plotting.tickets.overlap_view import (
    NAMES,
    PHRASES,
    MatrixOptions,
    awaited,
    count,
    labels,
    overlaps_alone,
    pairing,
    pairs_by,
    replicates,
    title,
)
from app.plotting.words import Part

# Tickets up to which cells hold their number, and up to which they are marked.
_NUMBERS, _MARKS, _TICKS = 12, 30, 24


class MatrixInfo(NamedTuple):
    """k tickets, all layers shown added up.

    `iou`, `chance_iou` (that of the expected intersection), `expected` and `adjusted` are (k, k), NaN where not
    defined. `shown` is the one of them that has the colour. `same` marks pairs of one mask among the nested ones. `n`
    counts replicates and `who` names whose; `paired` is how layers of several runs are paired, `pairings` (k, k) which.
    """

    title: str
    tickets: tuple[str, ...]
    labels: tuple[str, ...]
    measure: str
    null: Null
    sizes: Ints
    intersections: Ints
    nested: NDArray[np.bool_]
    iou: Floats
    chance_iou: Floats
    expected: Floats
    adjusted: Floats
    n: int
    who: str
    paired: str
    pairings: tuple[tuple[str, ...], ...]
    left_out: int
    awaited: tuple[Part, ...]
    unpermuted: str = ""

    @property
    def same(self) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = self.nested & (self.sizes[:, None] == self.sizes[None])
        return same

    @property
    def shown(self) -> Floats:
        return self.iou if self.measure == "iou" else self.adjusted

    @property
    def top(self) -> float | None:
        """Return where the colours end: the largest of two different tickets, rounded up to a twentieth.

        None without two.
        """
        pairs = self.shown[~np.eye(len(self.tickets), dtype=bool) & np.isfinite(self.shown)]
        return float(min(1.0, max(0.05, np.ceil(20 * pairs.max()) / 20))) if pairs.size else None


def info(source: Source[MatrixOptions]) -> MatrixInfo:
    """Return the data of the figure, from the overlaps."""
    options, overlaps = source.options, source.overlaps
    refs = overlaps.refs if overlaps else ()
    k = len(refs)
    sizes, both, expected = np.zeros(k, np.int64), np.zeros((k, k), np.int64), np.full((k, k), np.nan)
    if overlaps and overlaps.layers:
        sizes, both = overlaps.sizes.sum(axis=1), overlaps.intersections.sum(axis=2)
        expected = overlaps.expected[options.null].sum(axis=2)
    return MatrixInfo(
        title=title(source),
        tickets=tuple(str(ref) for ref in refs),
        labels=tuple(labels(refs, overlaps.runs if overlaps else {})),
        measure=options.measure,
        null=options.null,
        sizes=sizes,
        intersections=both,
        nested=nested(both, sizes),
        iou=iou(both, sizes),
        chance_iou=iou(expected, sizes),
        expected=expected,
        adjusted=adjusted(both, sizes, expected),
        n=replicates(refs),
        who=count(refs),
        paired=pairs_by(overlaps) if overlaps else "",
        pairings=tuple(tuple(pairing(overlaps, a, b) for b in refs) for a in refs) if overlaps else (),
        left_out=overlaps.left_out if overlaps else 0,
        awaited=awaited(source),
        unpermuted=overlaps.unpermuted if overlaps else "",
    )


def finding(info: MatrixInfo) -> list[Part]:
    """Return what pairs share on average, and what chance would give them; nested pairs apart."""
    if info.awaited:
        return list(info.awaited)
    pairs = np.triu(np.ones(info.nested.shape, bool), 1)
    inside = pairs & info.nested
    if np.isnan(info.expected[pairs]).all():
        if info.null == "unit_permuted" and info.unpermuted:
            return [Part(f"Unit-permuted chance is {info.unpermuted}.")]
        why = (
            "these tickets do not start from the same weights" if info.null == "magnitude_at_init"
            else "no hidden unit of this network can be permuted"
        )  # fmt: skip
        return [Part(f"This null does not apply: {why}.")]
    free = pairs & ~info.nested & np.isfinite(info.adjusted)
    marked = _marked(int((inside & ~info.same).sum()), int((inside & info.same).sum()))
    if not free.any():
        if not inside.any():
            return [Part("Overlap is not defined here: the masks are empty, or this null does not apply to them.")]
        low, high = info.iou[inside].min(), info.iou[inside].max()
        if (info.same[pairs]).all():
            return [Part(f"These {len(info.tickets)} tickets keep the same weights.")]
        strictly = not (inside & info.same).any()
        what = "Each pair is nested, one mask within the other" if strictly and (inside == pairs).all() else marked
        least, most = number(float(low), 3), number(float(high), 3)
        reach = [Part(least, WINNING_TICKET)]
        if most != least:
            reach = [Part("from "), *reach, Part(" to "), Part(most, WINNING_TICKET)]
        return [Part(f"{what}, with an IoU {'' if len(reach) > 1 else 'of '}"), *reach, Part(".")]
    n = int(free.sum())
    who = "2 tickets have an" if len(info.tickets) == 2 else "1 pair of tickets has an" if n == 1 else (
        f"{n:,} pairs of tickets have a mean"
    )  # fmt: skip
    return [
        Part(f"{who} IoU of "),
        Part(number(float(info.iou[free].mean()), 3), WINNING_TICKET),
        Part(f", where {PHRASES[info.null]} would have "),
        Part(number(float(info.chance_iou[free].mean()), 3)),
        Part(": adjusted overlap "),
        Part(number(float(info.adjusted[free].mean()), 3), WINNING_TICKET),
        Part(f", where 0 is chance and 1 is nested{f'; {marked}' if inside.any() else ''}."),
    ]


def draw(info: MatrixInfo) -> go.Figure:
    """Return the figure: cells by address of their tickets, so that a click names both.

    Colours end at the largest pair.
    """
    k, top = len(info.tickets), info.top
    name = "IoU" if info.measure == "iou" else f"adjusted overlap ({NAMES[info.null]})"
    data: list[dict[str, Any]] = []
    if k:
        data.append(
            {
                "type": "heatmap", "x": list(info.tickets), "y": list(info.tickets), "z": info.shown.astype(np.float32),
                "zmin": 0, "zmax": 1.0 if top is None else top, "colorscale": HEAT_SCALE,
                "xgap": 1 if k <= _MARKS else 0, "ygap": 1 if k <= _MARKS else 0,
                "text": _texts(info), "texttemplate": "%{text}",
                "hovertext": _hovers(info), "hovertemplate": "%{hovertext}<extra></extra>",
                "colorbar": {
                    "thickness": 8, "len": 0.7, "outlinewidth": 0, "x": 1.01, "ticks": "", "nticks": 6,
                    "title": {"text": "IoU" if info.measure == "iou" else "adjusted", "side": "top",
                              "font": {"size": 12}},
                },
                "meta": {"role": HEAT},
            }
        )  # fmt: skip
    step = max(1, -(-k // _TICKS))
    ticks = {"type": "category", "tickvals": list(info.tickets[::step]), "ticktext": list(info.labels[::step]),
             "showgrid": False}  # fmt: skip
    short = max(map(len, info.labels), default=0) <= 4
    drawn = figure(
        data,
        title=f"{info.title}: {name}",
        finding=finding(info),
        foot=_foot(info),
        n=info.n,
        # Long labels are turned, and lie where the title would.
        xaxis=axis("ticket" if short else "", range=[-0.5, max(k, 1) - 0.5], tickangle=0 if short else -40, **ticks),
        yaxis=axis("ticket", range=[max(k, 1) - 0.5, -0.5], **ticks),
        hovermode="closest",
        margin={"l": 132, "r": 76, "t": 26, "b": 96},
    )
    drawn.layout.meta = {**drawn.layout.meta, "tickets": list(info.tickets)}
    return drawn


def number(value: float, digits: int = 2) -> str:
    """Return an overlap with a true minus, "–" where it is not defined."""
    if value != value:
        return "–"
    written = f"{value:.{digits}f}"
    return written.removeprefix("-") if float(written) == 0 else written.replace("-", "−")


def _mark(info: MatrixInfo, i: int, j: int) -> str:
    return "=" if info.same[i, j] else "⊂" if info.nested[i, j] else ""


def _marked(inside: int, same: int) -> str:
    """Return how many pairs have which mark, as the cells have them."""
    counts = ((inside, "nested pair", "", "⊂"), (same, "pair", " of the same mask", "="))
    return " and ".join(
        f"{plural(n, noun)}{more} {'is' if n == 1 else 'are'} marked {sign}" for n, noun, more, sign in counts if n
    )


def _texts(info: MatrixInfo) -> list[list[str]]:
    k = len(info.tickets)
    if k > _MARKS:
        return [[""] * k] * k

    digits = 3 if info.top is None or info.top <= 0.1 else 2

    def text(i: int, j: int) -> str:
        value = float(info.shown[i, j])
        mark = _mark(info, i, j)
        if k <= _NUMBERS:
            return f"{number(value, digits)} {mark}".strip()
        return mark or ("" if value == value else "–")

    return [[text(i, j) for j in range(k)] for i in range(k)]


def _hovers(info: MatrixInfo) -> list[list[str]]:
    """Return one text per cell, symmetric."""
    k = len(info.tickets)
    texts = [[""] * k for _ in range(k)]
    for i in range(k):
        for j in range(i, k):
            one, other = info.labels[i], info.labels[j]
            pair = one if i == j else f"{one} and {other}"
            mark = {"": "", "=": " (the same mask)", "⊂": " (nested)"}[_mark(info, i, j)]
            expected = float(info.expected[i, j])
            chance = f"{expected:,.0f}" if expected == expected else "–"
            texts[i][j] = texts[j][i] = (
                f"{pair}{mark}<br>both keep {words.count(info.intersections[i, j])} of "
                f"{words.count(info.sizes[i])} and {words.count(info.sizes[j])}, by chance {chance}<br>"
                f"IoU {number(float(info.iou[i, j]), 3)}, adjusted {number(float(info.adjusted[i, j]), 3)} "
                f"({NAMES[info.null]})"
            )
    return texts


def _foot(info: MatrixInfo) -> str:
    if not info.n:
        return "n = 0"
    ends = "" if info.top is None else f" · colours end at {info.top:.2f}"
    signs = f"IoU = weights that both keep / that either keeps · ⊂ nested · = the same mask · – not defined{ends}"
    more = f" · {plural(info.left_out, 'more ticket')} left out" if info.left_out else ""
    paired = f" · {info.paired}" if info.paired else ""
    return f"n = {info.who} · chance: {NAMES[info.null]}{paired} · {signs}{more}"


def table(info: MatrixInfo) -> dict[str, list[Any]]:
    """Return one row per two tickets, each with itself too."""
    a, b = np.triu_indices(len(info.tickets))
    return {
        "a": [info.tickets[i] for i in a],
        "b": [info.tickets[i] for i in b],
        "kept_a": info.sizes[a].tolist(),
        "kept_b": info.sizes[b].tolist(),
        "intersection": info.intersections[a, b].tolist(),
        "iou": info.iou[a, b].tolist(),
        "null": [info.null] * len(a),
        "expected": info.expected[a, b].tolist(),
        "expected_iou": info.chance_iou[a, b].tolist(),
        "adjusted": info.adjusted[a, b].tolist(),
        "nested": [int(item) for item in info.nested[a, b]],
        "same": [int(item) for item in info.same[a, b]],
        "layers_paired": [info.pairings[i][j] for i, j in zip(a, b, strict=True)],
    }


ENTRY = FigureEntry(
    "overlap_matrix",
    "Overlap of tickets",
    "Do different tickets keep the same weights?",
    (),
    MatrixOptions,
    info,
    draw,
    table,
    artifacts=("mask", "pyramid"),
    reads_of=overlaps_alone,
)
