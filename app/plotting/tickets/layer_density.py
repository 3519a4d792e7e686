"""What each layer keeps of its weights, level by level, in the winning ticket."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.plotting import collapse, level_lines, words
from app.plotting.entry import FigureEntry
from app.plotting.level_lines import LogScale
from app.plotting.replicates import mean
from app.plotting.source import Options, Source
from app.plotting.style import figure
from app.plotting.tickets import layer_profile
from app.plotting.words import Part
from app.records import Series

_AXIS = "weights remaining in the layer (%)"


class LayerInfo(NamedTuple):
    """`density` is (n_layers, n_levels, n_replicates) in [0, 1], NaN where not started. `kept` and `total` count the
    weights of all layers at the last level, the mean over replicates. `csr` is 1 where a layer was trained as
    compressed sparse rows, 0 where dense, of the shape of `density`. `collapsed` is where tickets have collapsed."""

    names: tuple[str, ...]
    levels: NDArray[np.int64]
    replicates: NDArray[np.int64]
    density: NDArray[np.float64]
    weights: NDArray[np.float64]
    csr: NDArray[np.float64]
    overall: NDArray[np.float64]
    kept: float
    total: float
    planned_levels: int
    live: bool
    collapsed: str = ""


def info(source: Source[Options]) -> LayerInfo:
    """Return the data of the figure, from the series `layers`."""
    rows = source.rows("layers")
    planned = source.run.levels
    if rows is not None:
        rows = rows.tickets
    if rows is None or not len(rows):
        none = np.zeros(0, dtype=np.int64)
        nothing = np.zeros((0, 0, 0))
        return LayerInfo((), none, none, nothing, nothing, nothing, np.zeros(0), 0.0, 0.0, planned, source.live)
    collapsed = collapse.of_run(source.collapses, source.run.spec.replicates)
    return _info(rows, source.layers, planned, source.live)._replace(collapsed=collapsed)


def _info(rows: Series, names: tuple[str, ...], planned: int, live: bool) -> LayerInfo:
    layers, i = np.unique(rows["layer"].astype(np.int64), return_inverse=True)
    levels, j = np.unique(rows["level"], return_inverse=True)
    replicates, k = np.unique(rows["replicate"], return_inverse=True)
    kept, total, csr = np.full((3, len(layers), len(levels), len(replicates)), np.nan)
    kept[i, j, k], total[i, j, k] = rows["kept"], rows["total"]
    csr[i, j, k] = rows["csr"] if "csr" in rows.columns else 0.0  # imported masks are not trained
    both = np.isfinite(kept).all(axis=0)  # a level counts for a replicate once all its layers are logged
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
        weights=total,
        csr=csr,
        overall=overall,
        kept=float(kept_all[last] / max(n[last], 1)),
        total=float(total_all[last] / max(n[last], 1)),
        planned_levels=planned,
        live=live,
    )


def finding(info: LayerInfo) -> list[Part]:
    """Return which layer gave up most and which least at the last level reached."""
    if not len(info.levels):
        return [Part("The first point appears when the first training starts." if info.live
                     else "Nothing to show: no training was started.")]  # fmt: skip
    level = int(info.levels[-1])
    # An imported mask may be sparse at level 0 already.
    if level == 0 and info.kept == info.total:
        return [Part(f"All {words.count(info.total)} weights are kept; the first pruning follows." if info.live
                     else f"All {words.count(info.total)} weights are kept: no pruning took place.")]  # fmt: skip
    more = [Part(f" {info.collapsed}")] if info.collapsed else []
    last = mean(info.density)[:, -1]
    least, most = int(np.nanargmin(last)), int(np.nanargmax(last))
    parts = [Part(f"At level {level}, "), Part(words.density(float(info.overall[-1]))),
             Part(f" of the weights are left, {words.count(info.kept)} of {words.count(info.total)}")]  # fmt: skip
    if len(last) == 1:
        return [*parts, Part("."), *more]
    if math.isclose(last[least], last[most], rel_tol=0.02):
        return [*parts, Part("; every layer lost the same fraction."), *more]
    if words.density(last[least]) == words.density(last[most]):
        return [*parts, Part("; every layer lost about the same fraction."), *more]
    return [
        *parts,
        Part(f"; {info.names[least]} keeps "), Part(words.density(last[least]), WINNING_TICKET),
        Part(f", {info.names[most]} "), Part(words.density(last[most]), WINNING_TICKET), Part("."),
        *more,
    ]  # fmt: skip


def sparsely(info: LayerInfo) -> str:
    """Return which layers were trained as compressed sparse rows, and from which level on; "" where none was."""
    since: dict[int, list[str]] = {}
    for name, of_layer in zip(info.names, info.csr, strict=True):
        levels = np.flatnonzero((of_layer == 1).any(axis=1))
        if len(levels):
            since.setdefault(int(info.levels[levels[0]]), []).append(name)
    parts = [f"{', '.join(names)} from level {level} on" for level, names in sorted(since.items())]
    return f" · trained in CSR format: {'; '.join(parts)}" if parts else ""


def draw(info: LayerInfo) -> go.Figure:
    """Return the figure: a line per layer by level, or a row per layer where lines would be points or a crowd."""
    n = int(np.isfinite(info.density).sum(axis=2).max(initial=0))
    scale = level_lines.log_scale(np.append(info.density, info.overall))
    shared: dict[str, Any] = {"title": "Density by layer", "finding": finding(info), "foot": foot(info, scale), "n": n}
    if in_rows(info):
        xaxis, yaxis = layer_profile.axes(info.names, scale, _AXIS)
        return figure(
            layer_profile.traces(info.names, info.levels, info.density, scale), **shared, xaxis=xaxis, yaxis=yaxis,
            margin={"l": layer_profile.LEFT, "r": 16, "t": 26, "b": 42}, hovermode="closest",
            size=layer_profile.size(len(info.names)),
        )  # fmt: skip
    lines = level_lines.of_layers(info.names, info.density)
    every = [level_lines.of_all(info.overall[:, None])] if len(info.levels) else []
    return figure(
        [trace for line in (*every, *lines) for trace in level_lines.traces(info.levels, line, scale)],
        **shared,
        xaxis=level_lines.level_axis(info.planned_levels),
        yaxis=level_lines.log_axis(_AXIS, scale),
        annotations=level_lines.names(info.levels, (*lines, *every), scale.range, scale),
        right=level_lines.MARGIN,
    )


def in_rows(info: LayerInfo) -> bool:
    """Return whether each layer has a row with a whisker, and no line with a band."""
    return len(info.levels) > 0 and (len(info.names) > level_lines.DISTINCT or not info.planned_levels)


def foot(info: LayerInfo, scale: LogScale) -> str:
    """Return n, what the band or the whisker is, what was trained sparsely and what a cross is."""
    spread = "bars" if in_rows(info) else "band"
    return f"{level_lines.foot(info.density, spread)}{sparsely(info)}{level_lines.empty_note(scale)}"


def table(info: LayerInfo) -> dict[str, list[Any]]:
    """Return one row per layer, level and replicate; density in [0, 1], csr 1 where trained as compressed sparse rows.

    `kept` and `weights` are counts.
    """
    n_layers, n_levels, n_replicates = info.density.shape
    return {
        "layer": [name for name in info.names for _ in range(n_levels * n_replicates)],
        "level": np.tile(np.repeat(info.levels, n_replicates), n_layers).tolist(),
        "replicate": np.tile(info.replicates, n_layers * n_levels).tolist(),
        "density": info.density.ravel().tolist(),
        "kept": np.round(info.density * info.weights).ravel().tolist(),
        "weights": info.weights.ravel().tolist(),
        "csr": info.csr.ravel().tolist(),
    }


ENTRY = FigureEntry(
    "layer_density",
    "Density by layer",
    "Which layers lose their weights?",
    ("layers",),
    Options,
    info,
    draw,
    table,
    collapses=True,
)
