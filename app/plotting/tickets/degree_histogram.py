"""How many weights each input or unit of a layer keeps, against what a random mask of the same size would leave it."""

import math
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.tickets import MAX_LAYER_NAME
from app.contract.words import plural
from app.plotting import labels, words
from app.plotting.density_curves import rgba
from app.plotting.entry import FigureEntry, Reads
from app.plotting.source import Options, Source, Tensors
from app.plotting.style import LOOKS, SOFT, axis, figure, note
from app.plotting.tickets.pyramid_view import PYRAMID, Layer, awaited, layers, saved, unknown
from app.plotting.tickets.random_degrees import degrees, variance
from app.plotting.words import Part

Side: TypeAlias = Literal["inputs", "units"]
Floats = NDArray[np.float64]

_BINS = 48
_LABELS = ("the mask", "random mask")
_DASH = "6px,3px"


class DegreeOptions(Options):
    """`level`, 0 = the first mask; `layer` by name, empty for the first; whose weights are counted: `side`."""

    level: int = Field(0, ge=0, le=1_000)
    layer: str = Field("", max_length=MAX_LAYER_NAME)
    side: Side = "inputs"


class DegreeInfo(NamedTuple):
    """Units of a layer, or its inputs, by how many of their `most` weights are kept.

    `edges` (n_bins + 1) bound whole numbers; `counts` (n_bins, n_replicates) are units of each mask. `dead` units keep
    nothing, `spread` is the standard deviation over units, both (n_replicates,). `random_*` are what uniformly random
    masks of the same sizes give on average. `density` is the layer's, the mean over replicates.
    """

    level: int
    layer: str
    side: Side
    noun: str
    units: int
    most: int
    replicates: tuple[int, ...]
    density: float
    edges: Floats
    counts: Floats
    dead: Floats
    spread: Floats
    random_counts: Floats
    random_dead: float
    random_spread: float
    awaited: tuple[Part, ...]


def reads(options: DegreeOptions) -> Reads:
    """Return the artifacts of one level."""
    return Reads({}, {PYRAMID: options.level})


def info(source: Source[DegreeOptions]) -> DegreeInfo:
    """Return the data of the figure, from the artifacts `pyramid` of one level."""
    options, known = source.options, layers(source)
    chosen = [layer for layer in known if options.layer in ("", layer.name)]
    if not chosen:
        return _empty(
            options, None, unknown(source, options.layer) if options.layer else awaited(source, options.level)
        )
    layer, tensors = chosen[0], saved(source).get(options.level, {})
    degrees_of = {replicate: _degrees(layer, tensor, options.side) for replicate, tensor in tensors.items()}
    there = {replicate: degrees for replicate, degrees in degrees_of.items() if degrees is not None}
    if not there:
        return _empty(options, layer, awaited(source, options.level))
    kept = np.stack(list(there.values()), axis=1)
    units, most = len(kept), layer.weights // len(kept)
    totals = [int(k) for k in kept.sum(axis=0)]
    random = units * np.mean([degrees(layer.weights, most, k) for k in totals], axis=0)
    edges = _edges(kept, random)
    whole = np.concatenate([[0.0], np.cumsum(random)])
    return DegreeInfo(
        level=options.level,
        layer=layer.name,
        side=options.side,
        noun=_noun(options.side, layer),
        units=units,
        most=most,
        replicates=tuple(there),
        density=float(np.mean(totals)) / layer.weights,
        edges=edges,
        counts=np.stack([np.histogram(column, edges)[0] for column in kept.T], axis=1).astype(np.float64),
        dead=(kept == 0).sum(axis=0).astype(np.float64),
        spread=kept.std(axis=0),
        random_counts=np.diff(whole[np.clip(np.ceil(edges), 0, most + 1).astype(np.int64)]),
        random_dead=float(random[0]),
        random_spread=float(np.mean([math.sqrt(variance(layer.weights, most, k)) for k in totals])),
        awaited=(),
    )


def _degrees(layer: Layer, tensors: Tensors, side: Side) -> NDArray[np.int64] | None:
    """Return the kept weights of each unit, or of each input: of all columns of an input channel."""
    sums = layer.sums(tensors, "rows" if side == "units" else "columns")
    if sums is None:
        return None
    kept: NDArray[np.int64] = sums.astype(np.int64)
    return kept if side == "units" else kept.reshape(-1, layer.kernel).sum(axis=1)


def _noun(side: Side, layer: Layer | None) -> str:
    if layer is not None and len(layer.shape) > 2:
        return "input channel" if side == "inputs" else "output channel"
    return "input" if side == "inputs" else "unit"


def _edges(kept: NDArray[np.int64], random: Floats) -> Floats:
    """Return edges of bins of equally many whole numbers, over what is there and what chance may show.

    At most 48, and fewer for few units: 2√units, but at least 8.
    """
    likely = np.flatnonzero(random >= 0.05)
    low = int(min(kept.min(), *likely[:1]))
    high = int(max(kept.max(), *likely[-1:]))
    most = min(_BINS, max(8, math.ceil(2 * math.sqrt(len(kept)))))
    width = -(-(high - low + 1) // most)
    n = -(-(high - low + 1) // width)
    edges: Floats = low - 0.5 + width * np.arange(n + 1, dtype=np.float64)
    return edges


def _empty(options: DegreeOptions, layer: Layer | None, why: tuple[Part, ...]) -> DegreeInfo:
    name, none = layer.name if layer else options.layer or "first layer", np.zeros(0)
    return DegreeInfo(options.level, name, options.side, _noun(options.side, layer), 0, 0, (), math.nan, none,
                      np.zeros((0, 0)), none, none, none, math.nan, math.nan, why)  # fmt: skip


def finding(info: DegreeInfo) -> list[Part]:
    """Return how many keep nothing, and how unequal they are, both against chance."""
    if info.awaited:
        return list(info.awaited)
    where, noun = f"At level {info.level}, ", info.noun
    if info.density == 1:
        who = f"each of its {plural(info.units, noun)}" if info.units > 1 else f"its {noun}"
        return [Part(f"{where}{info.layer} is not pruned: {who} keeps all {plural(info.most, 'weight')}.")]
    if info.density == 0:
        return [Part(f"{where}{info.layer} has no weights left.")]
    dead = float(info.dead.mean())
    parts = [
        Part(where), Part(words.average(dead), WINNING_TICKET),
        Part(f" of {plural(info.units, noun)} of {info.layer} have no weights left, "
             f"{words.average(info.random_dead)} on average in a random mask of the same density"),
    ]  # fmt: skip
    if info.random_spread > 0:
        parts += [
            Part(f"; the standard deviation over {noun}s is "),
            Part(words.significant(float(info.spread.mean()), 2), WINNING_TICKET),
            Part(
                f", {words.significant(float(info.spread.mean()) / info.random_spread, 2)} times that of a random mask"
            ),
        ]
    return [*parts, Part(".")]


def draw(info: DegreeInfo) -> go.Figure:
    """Return the figure: outlines of the mean over replicates with its band, and of what chance gives."""
    n, look, soft = info.counts.shape[1], LOOKS[WINNING_TICKET], LOOKS[SOFT]
    data: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    top, reach = 10.0, [0.0, 1.0]
    if n:
        mean, low, high = info.counts.mean(axis=1), info.counts.min(axis=1), info.counts.max(axis=1)
        top = 1.14 * max(float(high.max()), float(info.random_counts.max()))
        reach = [float(info.edges[0]), float(info.edges[-1])]
        if len(mean) == 1:
            reach = [reach[0] - 1, reach[1] + 1]
        line = {"type": "scatter", "mode": "lines", "x": info.edges, "line": {"width": 0, "shape": "hv"},
                "hoverinfo": "skip", "meta": {"role": WINNING_TICKET, "part": "band"}}  # fmt: skip
        if n > 1:
            data.append({**line, "y": _outline(low)})
            data.append({**line, "y": _outline(high), "fill": "tonexty", "fillcolor": rgba(look.color, 0.25)})
        first, last = np.ceil(info.edges[:-1]), np.floor(info.edges[1:])
        spans = [f"{a:.0f}" if a == b else f"{a:.0f} to {b:.0f}" for a, b in zip(first, last, strict=True)]
        mean_line = {"shape": "hv", "color": look.color, "width": 1.8}
        texts = [
            f"{words.significant(m)} {info.side} keep {span}" + (f" (min to max {a:.0f} to {b:.0f})" if n > 1 else "")
            for m, span, a, b in zip(mean, spans, low, high, strict=True)
        ]
        data.append(
            {
                **line, "name": _LABELS[0], "y": _outline(mean), "line": mean_line, "fill": "tozeroy",
                "fillcolor": rgba(look.color, 0.1), "text": [*texts, texts[-1]], "hoverinfo": "text",
                "hovertemplate": "%{text}<extra></extra>", "meta": {"role": WINNING_TICKET, "part": "mean"},
            }
        )  # fmt: skip
        data.append(
            {
                **line, "name": _LABELS[1], "y": _outline(info.random_counts), "hoverinfo": "text",
                "text": [f"random mask: {words.brief(item)}" for item in _outline(info.random_counts).tolist()],
                "line": {"shape": "hv", "color": soft.color, "width": 1.5, "dash": _DASH},
                "hovertemplate": "%{text}<extra></extra>", "meta": {"role": SOFT, "part": "mean"},
            }
        )  # fmt: skip
        outlines = [(WINNING_TICKET, mean), (SOFT, info.random_counts)]
        ends = [_end(info, *outline, label) for outline, label in zip(outlines, _LABELS, strict=True)]
        notes = labels.annotations(ends, (0, top), column=False)
        # A few have no room for a label; the finding names them.
        if info.density and info.dead.mean() >= 0.02 * info.units:
            notes.append(
                note(f"{words.average(float(info.dead.mean()))} with none", role=WINNING_TICKET, x=0, y=float(high[0]),
                     xanchor="left", yanchor="bottom", yshift=2)
            )  # fmt: skip
    return figure(
        data,
        title=f"Kept weights per {info.noun}, {info.layer} at level {info.level}",
        finding=finding(info),
        foot=_foot(info),
        n=n,
        xaxis=axis(f"kept weights of one of the layer's {info.side}", range=reach, unifiedhovertitle={"text": " "},
                   dtick=1 if reach[1] - reach[0] < 8 else None),
        yaxis=axis(info.side, range=[0, top]),
        annotations=notes,
        right=labels.margin(_LABELS),
    )  # fmt: skip


def _outline(counts: Floats) -> NDArray[np.float32]:
    """Return heights of steps at the edges of bins."""
    return np.append(counts, counts[-1]).astype(np.float32)


def _end(info: DegreeInfo, role: str, counts: Floats, label: str) -> labels.End:
    """Return the point of an outline beyond its peak at which it falls to half of it."""
    peak = int(counts.argmax())
    half = peak + int(np.argmax(np.append(counts[peak:], 0.0) <= counts[peak] / 2))
    return labels.End(role, label, float(info.edges[half]), float(counts[peak]) / 2)


def _foot(info: DegreeInfo) -> str:
    n = info.counts.shape[1]
    if not n:
        return "n = 0"
    band = "mean · band = min to max" if n > 1 else "no spread"
    return (
        f"n = {plural(n, 'replicate')}, {band} · dashed = mean of uniformly random masks of the same density "
        "(hypergeometric)"
    )


def table(info: DegreeInfo) -> dict[str, list[Any]]:
    """Return one row per bin and replicate: units that keep so many weights, and how many do under a random mask.

    For each replicate, units without weights and the standard deviation over units, and both under random masks.
    """
    n, bins = info.counts.shape[1], max(len(info.edges) - 1, 0)
    return {
        "kept_from": np.repeat(np.ceil(info.edges[:-1]), n).astype(int).tolist(),
        "kept_to": np.repeat(np.floor(info.edges[1:]), n).astype(int).tolist(),
        "replicate": list(info.replicates) * bins,
        info.side: info.counts.ravel().tolist(),
        "random_mask": np.repeat(info.random_counts, n).tolist(),
        "without_weights": info.dead.tolist() * bins,
        "standard_deviation": info.spread.tolist() * bins,
        "random_without_weights": [info.random_dead] * (n * bins),
        "random_standard_deviation": [info.random_spread] * (n * bins),
    }


ENTRY = FigureEntry(
    "degree_histogram",
    "Kept weights per unit",
    "Are the kept weights distributed over inputs and units as in a random mask?",
    (),
    DegreeOptions,
    info,
    draw,
    table,
    artifacts=("pyramid",),
    reads_of=reads,
)
