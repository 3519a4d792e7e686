"""Where weights came from and where they went: initial against trained value, as counts on a plane."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.kinds.lottery.figures.movement_view import Floats, MovementOptions, awaited, chosen, level_mean, moved, shares
from app.plotting import words
from app.plotting.source import Source
from app.plotting.style import HEAT, HEAT_SCALE, LOOKS, POWERS, PRUNED, SOFT, axis, figure, note
from app.plotting.words import Part

BINS = 64


class JointInfo(NamedTuple):
    """`counts` (start, end) over common symmetric `edges`, pooled over the `n` replicates; flips are shares."""

    level: int
    title: str
    n: int
    edges: Floats
    counts: Floats
    flips_kept: float
    flips_pruned: float
    init_kept: float
    trained_kept: float
    awaited: tuple[Part, ...]


def info(source: Source[MovementOptions]) -> JointInfo:
    """Return the data of the view, from the artifacts and the series `movement` of one level."""
    which, level = chosen(source), source.options.level
    artifacts = source.tensors("movement", level)
    movement = moved(source.rows("movement"), which.indices)
    parts = [(tensors, f"{name}.weight") for tensors in artifacts for name in which.names]
    reach = max((float(tensors[f"{name}.joint_edges"][-1]) for tensors, name in parts), default=0.0)
    edges = np.linspace(-reach, reach, BINS + 1) if parts else np.zeros(0)
    counts = np.zeros((max(len(edges) - 1, 0),) * 2)
    for tensors, name in parts:
        share = shares(tensors[f"{name}.joint_edges"].astype(np.float64), edges)
        counts += share @ tensors[f"{name}.joint"] @ share.T
    return JointInfo(
        level=level,
        title=which.title,
        n=len(artifacts) if parts else 0,
        edges=edges,
        counts=counts,
        flips_kept=level_mean(movement, movement.flips_kept, level)[0],
        flips_pruned=level_mean(movement, movement.flips_pruned, level)[0],
        init_kept=level_mean(movement, movement.init_kept, level)[0],
        trained_kept=level_mean(movement, movement.trained_kept, level)[0],
        awaited=() if parts else tuple(awaited(source, which, level)),
    )


def finding(info: JointInfo) -> list[Part]:
    """Return how many weights changed sign, and whether the survivors grew."""
    if info.awaited:
        return list(info.awaited)
    if math.isnan(info.flips_kept):
        return [Part("No weight survives or the training diverged.")]
    parts = [
        Part(f"At level {info.level}, "), Part(words.accuracy(info.flips_kept), WINNING_TICKET),
        Part(" of the weights that survive the next pruning changed sign"),
    ]  # fmt: skip
    if not math.isnan(info.flips_pruned):
        parts += [Part(", of those pruned "), Part(words.accuracy(info.flips_pruned), PRUNED)]
    return [
        *parts,
        Part("; survivors went from a mean size of "), Part(words.significant(info.init_kept), WINNING_TICKET),
        Part(" to "), Part(words.significant(info.trained_kept), WINNING_TICKET), Part("."),
    ]  # fmt: skip


def draw(info: JointInfo) -> go.Figure:
    """Draw the figure: colour is the logarithm of the count, empty cells stay bare; the dotted line is "unmoved"."""
    reach = float(info.edges[-1]) if info.n else 1.0
    soft = LOOKS[SOFT]
    data: list[dict[str, Any]] = []
    if info.n:
        # Pooling splits counts between cells; less than half a weight is none.
        z = np.full(info.counts.shape, np.nan, dtype=np.float32)
        np.log10(info.counts, out=z, where=info.counts >= 0.5, casting="same_kind")
        top = max(1, math.ceil(float(np.nanmax(z))))
        centres = ((info.edges[:-1] + info.edges[1:]) / 2).astype(np.float32)
        ticks = list(range(top + 1))
        places = [words.brief(item) for item in centres.tolist()]
        texts = [[f"from {start} to {end}: {words.count(count)} weights" if count >= 0.5 else ""
                  for start, count in zip(places, counts, strict=True)]
                 for end, counts in zip(places, info.counts.T.tolist(), strict=True)]  # fmt: skip
        data.append(
            {
                "type": "heatmap", "x": centres, "y": centres, "z": z.T, "text": texts,
                "zmin": 0, "zmax": top, "colorscale": HEAT_SCALE, "hoverongaps": False,
                "hovertemplate": "%{text}<extra></extra>",
                "colorbar": {
                    "thickness": 8, "len": 0.7, "outlinewidth": 0, "x": 1.01, "ticks": "", "tickvals": ticks,
                    "ticktext": [words.count(10**tick) for tick in ticks],
                    "title": {"text": "weights", "side": "top", "font": {"size": 12}},
                },
                "meta": {"role": HEAT},
            }
        )  # fmt: skip
    lines = [([-reach, reach], [-reach, reach], soft.dash), ([-reach, reach], [0.0, 0.0], "solid"),
             ([0.0, 0.0], [-reach, reach], "solid")]  # fmt: skip
    for x, y, dash in lines:
        data.append(
            {
                "type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": np.array(x), "y": np.array(y),
                "line": {"color": soft.color, "width": 0.8, "dash": dash}, "meta": {"role": SOFT, "part": "mean"},
            }
        )  # fmt: skip
    notes = [
        note("unmoved", x=0.97 * reach, y=0.97 * reach, xanchor="right", yanchor="bottom", yshift=2),
        note("changed sign", x=-0.97 * reach, y=0.97 * reach, xanchor="left", yanchor="top"),
        note("changed sign", x=0.97 * reach, y=-0.97 * reach, xanchor="right", yanchor="bottom"),
    ]
    return figure(
        data,
        title=f"Weights before and after training at level {info.level}, {info.title}",
        finding=finding(info),
        foot=_foot(info),
        n=info.n,
        xaxis=axis("weight before training", range=[-reach, reach], showgrid=False, **POWERS),
        yaxis=axis("weight after training", range=[-reach, reach], showgrid=False, **POWERS),
        annotations=notes,
        right=76,
        hovermode="closest",
    )


def _foot(info: JointInfo) -> str:
    if not info.n:
        return "n = 0"
    alive = words.count(info.counts.sum())
    return f"n = {plural(info.n, 'replicate')}, pooled · {alive} weights remaining at this level · log colour"


def table(info: JointInfo) -> dict[str, list[Any]]:
    """Return one row per cell that holds a weight."""
    start, end = np.nonzero(info.counts >= 0.5)
    return {
        "start_from": info.edges[start].tolist(),
        "start_to": info.edges[start + 1].tolist(),
        "end_from": info.edges[end].tolist(),
        "end_to": info.edges[end + 1].tolist(),
        "weights": info.counts[start, end].tolist(),
    }
