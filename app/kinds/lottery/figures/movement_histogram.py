"""How far weights moved: |Δw| of those that survive the next pruning against those that do not."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.kinds.lottery.figures.movement_view import (
    Floats,
    MovementOptions,
    awaited,
    chosen,
    level_mean,
    moved,
    shares,
)
from app.plotting import labels, words
from app.plotting.density_curves import rgba
from app.plotting.source import Source
from app.plotting.style import LOOKS, POWERS, PRUNED, axis, figure
from app.plotting.words import Part

BINS = 64


class HistogramInfo(NamedTuple):
    """Counts over common `edges` (n_bins + 1), pooled over the `n` replicates; `mean_*` are means of replicates."""

    level: int
    title: str
    n: int
    edges: Floats
    kept: Floats
    pruned: Floats
    mean_kept: float
    mean_pruned: float
    awaited: tuple[Part, ...]


def info(source: Source[MovementOptions]) -> HistogramInfo:
    """Return the data of the view, from the artifacts and the series `movement` of one level."""
    which, level = chosen(source), source.options.level
    artifacts = source.tensors("movement", level)
    movement = moved(source.rows("movement"), which.indices)
    parts = [(tensors, f"{name}.weight") for tensors in artifacts for name in which.names]
    reach = max((float(tensors[f"{name}.edges"][-1]) for tensors, name in parts), default=0.0)
    edges = np.linspace(0, reach, BINS + 1) if parts else np.zeros(0)
    kept, pruned = np.zeros((2, max(len(edges) - 1, 0)))
    for tensors, name in parts:
        share = shares(tensors[f"{name}.edges"].astype(np.float64), edges)
        kept += share @ tensors[f"{name}.kept"]
        pruned += share @ tensors[f"{name}.pruned"]
    return HistogramInfo(
        level=level,
        title=which.title,
        n=len(artifacts) if parts else 0,
        edges=edges,
        kept=kept,
        pruned=pruned,
        mean_kept=level_mean(movement, movement.move_kept, level)[0],
        mean_pruned=level_mean(movement, movement.move_pruned, level)[0],
        awaited=() if parts else tuple(awaited(source, which, level)),
    )


def finding(info: HistogramInfo) -> list[Part]:
    """Return how far each group moved on average."""
    if info.awaited:
        return list(info.awaited)
    kept, pruned = info.mean_kept, info.mean_pruned
    if not (kept > 0 and pruned > 0):
        return [Part("The groups are too small or the training diverged, so their means cannot be compared.")]
    return [
        Part(f"At level {info.level}, weights that survive the next pruning moved "),
        Part(words.significant(kept), WINNING_TICKET),
        Part(" on average, those pruned "), Part(words.significant(pruned), PRUNED),
        Part(f": {words.significant(kept / pruned, 2)} times as far."),
    ]  # fmt: skip


def draw(info: HistogramInfo) -> go.Figure:
    """Draw the figure: two outlines, each group adding up to 100 %."""
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    top, reach = 10.0, 1.0
    groups = [(PRUNED, "pruned next", info.pruned), (WINNING_TICKET, "survives", info.kept)]
    drawn = [(role, label, 100 * counts / counts.sum()) for role, label, counts in groups if counts.sum() > 0]
    if drawn:
        top = 1.12 * max(float(share.max()) for _, _, share in drawn)
        both = np.cumsum(info.kept + info.pruned)
        # The farthest thousandth would squeeze the rest into the corner.
        reach = float(info.edges[1 + int(np.searchsorted(both, 0.999 * both[-1]))])
    for role, label, share in drawn:
        look = LOOKS[role]
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": label, "x": info.edges.astype(np.float32),
                "y": np.append(share, share[-1]).astype(np.float32), "fill": "tozeroy",
                "fillcolor": rgba(look.color, 0.13), "hovertemplate": "%{y:.2f} %",
                "line": {"shape": "hv", "color": look.color, "width": 1.6,
                         "dash": look.dash if role == PRUNED else "solid"},
                "meta": {"role": role, "part": "band"},
            }
        )  # fmt: skip
        # Beyond its peak, where a curve has fallen to half of it, there is room for its name.
        peak = int(share.argmax())
        half = peak + int(np.argmax(np.append(share[peak:], 0.0) <= share[peak] / 2))
        ends.append(labels.End(role, label, float(info.edges[half]), float(share[peak]) / 2))
    return figure(
        data,
        title=f"Weight movement at level {info.level}, {info.title}",
        finding=finding(info),
        foot=_foot(info),
        n=info.n,
        xaxis=axis("|Δw| from the start to the end of the training", range=[0, reach], **POWERS,
                   unifiedhovertitle={"text": "|Δw| from %{x}"}),
        yaxis=axis("percentage of its group (%)", range=[0, top]),
        annotations=labels.annotations(ends, (0, top), column=False),
    )  # fmt: skip


def _foot(info: HistogramInfo) -> str:
    if not info.n:
        return "n = 0"
    return (
        f"n = {plural(info.n, 'replicate')}, pooled · {words.count(info.kept.sum())} weights survive, "
        f"{words.count(info.pruned.sum())} are pruned next · the largest 0.1 % lie beyond the axis"
    )


def table(info: HistogramInfo) -> dict[str, list[Any]]:
    """Return one row per bin of all `replicates` together; means are those of whole groups, over replicates."""
    bins = len(info.kept)
    return {
        "abs_move_from": info.edges[:-1].tolist(),
        "abs_move_to": info.edges[1:].tolist(),
        "kept": info.kept.tolist(),
        "pruned": info.pruned.tolist(),
        "replicates": [info.n] * bins,
        "mean_abs_move_kept": [info.mean_kept] * bins,
        "mean_abs_move_pruned": [info.mean_pruned] * bins,
    }
