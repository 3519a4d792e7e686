"""How much of the mask changes from one level to the next: the normalised Hamming distance, by layer."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.plotting import level_lines, words
from app.plotting.entry import FigureEntry
from app.plotting.level_lines import Floats, Line
from app.plotting.replicates import mean
from app.plotting.source import Options, Source
from app.plotting.style import SOFT, axis, figure
from app.plotting.words import Part
from app.records import Run, Series

_TITLE = "Change of the mask from level to level"


class DistanceInfo(NamedTuple):
    """Each level against the one before it. Shares of the weights, dead ones counted, are in [0, 1]; NaN where unknown.

    `distance` (n_layers, n_levels, n_replicates) and `overall` (n_levels, n_replicates), of all layers together, are
    shares whose mask changes. `pruned`, like `overall`, is the least that the numbers of kept weights imply: what a
    nested mask changes. `revived` counts weights that were pruned before and are kept now. `apart`: no level goes on
    from the one before.
    """

    names: tuple[str, ...]
    levels: NDArray[np.int64]
    replicates: NDArray[np.int64]
    distance: Floats
    overall: Floats
    pruned: Floats
    revived: Floats
    planned_levels: int
    live: bool
    apart: bool = False


def wanted(run: Run) -> bool:
    """Return whether a run has two successive masks; an import of one level has none."""
    return run.levels > 0


def info(source: Source[Options]) -> DistanceInfo:
    """Return the data of the figure, from the series `layers`."""
    rows, planned = source.rows("layers"), source.run.levels
    # Runs of before this was measured have no such column.
    if rows is not None and "flipped" in rows.columns:
        rows = rows.tickets
        if len(rows) and rows["level"].max() > 0:
            distances = _info(rows, source.layers, planned, source.live)
            return distances._replace(apart=getattr(source.run.spec, "mode", "") == "one_shot")
    none, empty = np.zeros(0, dtype=np.int64), np.zeros((0, 0))
    return DistanceInfo((), none, none, np.zeros((0, 0, 0)), empty, empty, empty, planned, source.live)


def _info(rows: Series, names: tuple[str, ...], planned: int, live: bool) -> DistanceInfo:
    layers, i = np.unique(rows["layer"].astype(np.int64), return_inverse=True)
    replicates, k = np.unique(rows["replicate"], return_inverse=True)
    levels = np.arange(rows["level"].max() + 1)
    kept, total, flipped = np.full((3, len(layers), len(levels), len(replicates)), np.nan)
    for array, column in ((kept, "kept"), (total, "total"), (flipped, "flipped")):
        array[i, rows["level"], k] = rows[column]
    # Level 0 has none before it; a level whose predecessor is missing has nothing to compare.
    lost = kept[:, :-1] - kept[:, 1:]
    changed = np.where(np.isfinite(lost), flipped[:, 1:], np.nan)
    every = total[:, 1:].sum(axis=0)
    return DistanceInfo(
        names=tuple(names[layer] if layer < len(names) else f"layer {layer + 1}" for layer in layers),
        levels=levels[1:],
        replicates=replicates,
        distance=changed / total[:, 1:],
        overall=changed.sum(axis=0) / every,
        pruned=np.abs(lost).sum(axis=0) / every,
        revived=((changed - lost) / 2).sum(axis=0),
        planned_levels=planned,
        live=live,
    )


def finding(info: DistanceInfo) -> list[Part]:
    """Return the largest and the last distance, and whether a pruned weight ever comes back."""
    if not np.isfinite(info.overall).any():
        return [Part("The first distance appears with the first pruning." if info.live
                     else "Nothing to show: no two successive masks were compared.")]  # fmt: skip
    means = mean(info.overall)
    most, last = int(np.nanargmax(means)), level_lines.level_of_most(info.overall)
    parts = [Part(f"At level {info.levels[most]}, "), Part(words.density(float(means[most])), WINNING_TICKET),
             Part(" of the mask changes")]  # fmt: skip
    if most != last:
        parts += [Part(f", the largest step, and at level {info.levels[last]}, "),
                  Part(words.density(float(means[last])), WINNING_TICKET)]  # fmt: skip
    return [*parts, Part(f"; {_returns(info)}.")]


def _returns(info: DistanceInfo) -> str:
    if not np.nansum(info.revived):
        return "each mask lies within the one before" if info.apart else "no pruned weight is ever regrown"
    back = words.average(float(np.nansum(info.revived, axis=0).mean()))
    suffix = " in a replicate on average" if len(info.replicates) > 1 else ""
    if info.apart:
        return f"in one shot each level prunes anew: weights pruned before are kept {back} times{suffix}"
    return f"pruned weights are regrown {back} times{suffix}"


def draw(info: DistanceInfo) -> go.Figure:
    """Return the figure: a line per layer, a dotted one for all, a dashed one for what pruning alone implies."""
    lines = level_lines.of_layers(info.names, info.distance)
    every = level_lines.of_all(info.overall)
    pruned = Line("all layers, if nested", "if nested", info.pruned, "9px,4px", role=SOFT)
    shown = (every, pruned) if len(info.levels) else ()
    data = [trace for line in shown for trace in level_lines.traces(info.levels, line)]
    top = 110 * float(np.nanmax([*info.distance.ravel(), *info.overall.ravel(), 0.01]))
    return figure(
        [*data, *level_lines.crowd(info.levels, lines)],
        title=_TITLE,
        finding=finding(info),
        foot=_foot(info),
        n=int(np.isfinite(info.overall).sum(axis=1).max(initial=0)),
        xaxis=level_lines.level_axis(info.planned_levels),
        yaxis=axis("weights whose mask differs from the level before (%)", range=[0, top], nticks=6),
        annotations=level_lines.names(info.levels, (*lines, *shown), (0, top)),
        right=level_lines.MARGIN,
    )


def _foot(info: DistanceInfo) -> str:
    foot = level_lines.foot(info.overall)
    return f"{foot} · if nested = all change is pruning" if len(info.levels) else foot


def table(info: DistanceInfo) -> dict[str, list[Any]]:
    """Return one row per layer, and one for all, by level and replicate; shares in [0, 1], `regrown` a count."""
    n_layers, (n_levels, n) = len(info.names) + 1, info.overall.shape
    names = (*info.names, "all layers") if n_levels else ()
    none = [np.nan] * (len(info.names) * n_levels * n)
    return {
        "layer": [name for name in names for _ in range(n_levels * n)],
        "level": np.tile(np.repeat(info.levels, n), n_layers).tolist(),
        "replicate": np.tile(info.replicates, n_layers * n_levels).tolist(),
        "distance": [*info.distance.ravel().tolist(), *info.overall.ravel().tolist()],
        "if_nested": [*none, *info.pruned.ravel().tolist()],
        "regrown": [*none, *info.revived.ravel().tolist()],
    }


ENTRY = FigureEntry(
    "mask_distance",
    "Distance between successive masks",
    "How much of the mask changes at each level?",
    ("layers",),
    Options,
    info,
    draw,
    table,
    wanted=wanted,
)
