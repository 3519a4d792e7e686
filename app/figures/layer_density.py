"""What each layer keeps of its weights, level by level, in the winning ticket."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.contract.records import Series
from app.figures import labels, words
from app.figures.density_curves import rgba
from app.figures.source import Options, Source
from app.figures.style import LOOKS, SOFT, axis, figure
from app.figures.words import Part

# Layers share the ticket's colour; dash and marker tell them apart, as does the name at the end.
_DASHES = ("solid", "6px,3px", "2px,2.5px", "10px,3px,2px,3px")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "pentagon", "hexagon", "star")


class LayerInfo(NamedTuple):
    """`density` is (n_layers, n_levels, n_replicates) in [0, 1], NaN where not started; `kept` and `total` count
    the weights of all layers at the last level, the mean over replicates."""

    names: tuple[str, ...]
    levels: NDArray[np.int64]
    replicates: NDArray[np.int64]
    density: NDArray[np.float64]
    overall: NDArray[np.float64]
    kept: float
    total: float
    planned_levels: int
    live: bool


def info(source: Source[Options]) -> LayerInfo:
    """The data of the figure, from the series `layers`."""
    rows = source.rows("layers")
    planned = source.run.spec.levels
    if rows is not None:
        rows = rows.where(rows["branch"] == WINNING_TICKET)
    if rows is None or not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return LayerInfo((), none, none, np.zeros((0, 0, 0)), np.zeros(0), 0.0, 0.0, planned, source.live)
    return _info(rows, source.layers, planned, source.live)


def _info(rows: Series, names: tuple[str, ...], planned: int, live: bool) -> LayerInfo:
    layers, i = np.unique(rows["layer"].astype(np.int64), return_inverse=True)
    levels, j = np.unique(rows["level"], return_inverse=True)
    replicates, k = np.unique(rows["replicate"], return_inverse=True)
    kept, total = np.full((2, len(layers), len(levels), len(replicates)), np.nan)
    kept[i, j, k], total[i, j, k] = rows["kept"], rows["total"]
    both = np.isfinite(kept).all(axis=0)  # a level counts for a replicate once all its layers are told
    kept_all = np.where(both, kept.sum(axis=0), 0.0).sum(axis=1)
    total_all = np.where(both, total.sum(axis=0), 0.0).sum(axis=1)
    n = both.sum(axis=1)
    overall = np.divide(kept_all, total_all, out=np.full(len(levels), np.nan), where=total_all > 0)
    last = int(np.flatnonzero(n)[-1]) if n.any() else 0
    return LayerInfo(
        names=tuple(names[layer] if layer < len(names) else f"layer {layer + 1}" for layer in layers),
        levels=levels,
        replicates=replicates,
        density=kept / total,
        overall=overall,
        kept=float(kept_all[last] / max(n[last], 1)),
        total=float(total_all[last] / max(n[last], 1)),
        planned_levels=planned,
        live=live,
    )


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis, NaN left out."""
    n = np.isfinite(values).sum(axis=-1)
    sums = np.where(np.isfinite(values), values, 0.0).sum(axis=-1)
    mean: NDArray[np.float64] = np.divide(sums, n, out=np.full(sums.shape, np.nan), where=n > 0)
    return mean


def finding(made: LayerInfo) -> list[Part]:
    """Which layer gave up most and which least at the last level reached."""
    if not len(made.levels):
        return [Part("The first point comes when the first training starts." if made.live
                     else "Nothing to show: no training was started.")]  # fmt: skip
    level = int(made.levels[-1])
    if level == 0:
        return [Part(f"All {words.count(made.total)} weights are there; the first pruning is next." if made.live
                     else f"All {words.count(made.total)} weights are there: nothing was pruned.")]  # fmt: skip
    last = _mean(made.density)[:, -1]
    least, most = int(np.nanargmin(last)), int(np.nanargmax(last))
    parts = [Part(f"At level {level}, "), Part(words.density(float(made.overall[-1]))),
             Part(f" of the weights are left, {words.count(made.kept)} of {words.count(made.total)}")]  # fmt: skip
    if math.isclose(last[least], last[most], rel_tol=0.02):
        return [*parts, Part("; every layer gave up the same share.")]
    return [
        *parts,
        Part(f"; {made.names[least]} keeps "), Part(words.density(last[least]), WINNING_TICKET),
        Part(f", {made.names[most]} "), Part(words.density(last[most]), WINNING_TICKET), Part("."),
    ]  # fmt: skip


def draw(made: LayerInfo) -> go.Figure:
    """The figure: one line per layer, a dotted one for all of them, a band where replicates differ."""
    mean = _mean(made.density)
    positive = made.density[made.density > 0]
    lowest = float(positive.min()) if len(positive) else 0.01
    bottom = math.floor(math.log10(100 * lowest) * 2 - 0.1) / 2
    y_range = (bottom, 2.08)
    x = made.levels.astype(np.int32)
    data: list[dict[str, Any]] = []
    ticket = LOOKS[WINNING_TICKET]
    if len(x):
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": "all layers", "x": x, "y": 100 * made.overall,
                "line": {"color": LOOKS[SOFT].color, "width": 1.5, "dash": LOOKS[SOFT].dash},
                "hovertemplate": "%{y:.3~g} %", "meta": {"role": SOFT, "part": "mean"},
            }
        )  # fmt: skip
    for layer, name in enumerate(made.names):
        # A layer that lost its last weight has no place on a log axis: its line ends there.
        y = np.where(mean[layer] > 0, 100 * mean[layer], np.nan)
        low = 100 * np.fmin.reduce(made.density[layer], axis=1, initial=np.nan)
        high = 100 * np.fmax.reduce(made.density[layer], axis=1, initial=np.nan)
        if np.nanmax(high - low, initial=0) > 0.01:
            edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip",
                    "meta": {"role": WINNING_TICKET, "part": "band"}}  # fmt: skip
            data.append({**edge, "y": low})
            data.append({**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(ticket.color, 0.13)})
        data.append(
            {
                "type": "scatter", "mode": "lines+markers", "name": name, "x": x, "y": y,
                "line": {"color": ticket.color, "width": 1.8, "dash": _DASHES[layer % len(_DASHES)]},
                "marker": {"symbol": _SYMBOLS[layer % len(_SYMBOLS)], "color": ticket.color, "size": 6},
                "hovertemplate": "%{y:.3~g} %", "meta": {"role": WINNING_TICKET, "part": "mean"},
            }
        )  # fmt: skip
    n = len(made.replicates)
    ticks = [10.0**e for e in range(math.ceil(bottom), 3)]
    return figure(
        data,
        title="Density by layer",
        finding=finding(made),
        foot=f"n = {words.plural(n, 'replicate')}, mean · band = min to max where they differ" if n else "n = 0 so far",
        n=n,
        xaxis=axis("level", range=[-0.2, made.planned_levels + 0.2], tickformat="d",
                   dtick=max(1, round(made.planned_levels / 8)), tick0=0, unifiedhovertitle={"text": "level %{x}"}),
        yaxis=axis("weights remaining in the layer (%)", type="log", range=list(y_range), tickvals=ticks,
                   ticktext=[f"{tick:g}" for tick in ticks]),
        annotations=labels.annotations(_ends(made, mean), y_range, log_y=True),
        right=labels.margin(["conv1 … conv6"]),
    )  # fmt: skip


def _ends(made: LayerInfo, mean: NDArray[np.float64]) -> list[labels.End]:
    """A label where each line ends; layers that end at the same point share one."""
    met: list[tuple[int, float, list[str]]] = []
    for name, row in zip(made.names, mean, strict=True):
        there = np.flatnonzero(row > 0)
        if not len(there):
            continue
        level, y = int(made.levels[there[-1]]), float(100 * row[there[-1]])
        same = next((names for at, end, names in met if at == level and math.isclose(end, y, rel_tol=0.04)), None)
        if same is None:
            met.append((level, y, [name]))
        else:
            same.append(name)
    ends = [
        labels.End(WINNING_TICKET, ", ".join(names) if len(names) < 3 else f"{names[0]} … {names[-1]}", level, y)
        for level, y, names in met
    ]
    if len(made.levels) and made.overall[-1] > 0:
        ends.append(labels.End(SOFT, "all", float(made.levels[-1]), float(100 * made.overall[-1])))
    return ends


def table(made: LayerInfo) -> dict[str, list[Any]]:
    """One row per layer, level and replicate; density in [0, 1]."""
    n_layers, n_levels, n_replicates = made.density.shape
    return {
        "layer": [name for name in made.names for _ in range(n_levels * n_replicates)],
        "level": np.tile(np.repeat(made.levels, n_replicates), n_layers).tolist(),
        "replicate": np.tile(made.replicates, n_layers * n_levels).tolist(),
        "density": made.density.ravel().tolist(),
    }
