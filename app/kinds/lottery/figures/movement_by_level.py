"""Movement level by level: mean |Δw| above, the share of sign changes below, survivors against those pruned next."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.kinds.lottery.figures.movement_view import Floats, Moved, MovementOptions, awaited, chosen, level_mean, moved
from app.plotting import labels, words
from app.plotting.density_curves import rgba
from app.plotting.source import Source
from app.plotting.style import LOOKS, POWERS, PRUNED, axis, figure, note
from app.plotting.words import Part

Write: TypeAlias = Callable[[float], str]

_TOP, _BOTTOM = [0.48, 1.0], [0.0, 0.34]


class ByLevelInfo(NamedTuple):
    """`moved` by level and replicate over the layers that `title` names."""

    title: str
    moved: Moved
    planned_levels: int
    awaited: tuple[Part, ...]
    live: bool


def info(source: Source[MovementOptions]) -> ByLevelInfo:
    """Return the data of the view, from the series `movement`."""
    which = chosen(source)
    movement = moved(source.rows("movement"), which.indices)
    levels = source.run.levels
    why = () if len(movement.levels) else tuple(awaited(source, which, None))
    return ByLevelInfo(which.title, movement, levels, why, source.live)


def finding(info: ByLevelInfo) -> list[Part]:
    """Return movement and sign changes at the last level that most replicates have measured."""
    if info.awaited:
        return list(info.awaited)
    values = info.moved
    n = np.isfinite(values.move_kept + values.move_pruned).sum(axis=1)
    if not n.any():
        return [Part(f"Every training{' so far' if info.live else ''} diverged or left no group to compare.")]
    level = int(values.levels[np.flatnonzero(n == n.max())[-1]])
    kept, pruned = (level_mean(values, v, level)[0] for v in (values.move_kept, values.move_pruned))
    flips, lost = (level_mean(values, v, level)[0] for v in (values.flips_kept, values.flips_pruned))
    return [
        Part(f"At level {level}, survivors moved "), Part(words.significant(kept), WINNING_TICKET),
        Part(" and weights pruned next "), Part(words.significant(pruned), PRUNED),
        Part("; "), Part(words.accuracy(flips), WINNING_TICKET), Part(" and "),
        Part(words.accuracy(lost), PRUNED), Part(" of them changed sign."),
    ]  # fmt: skip


def draw(info: ByLevelInfo) -> go.Figure:
    """Draw the figure: two panels over one axis of levels."""
    values = info.moved
    panels = [
        ("y", 1.0, values.move_kept, values.move_pruned, words.significant),
        ("y2", 100.0, values.flips_kept, values.flips_pruned, _percent),
    ]
    data: list[dict[str, Any]] = []
    ranges: list[tuple[float, float]] = []
    notes: list[dict[str, Any]] = []
    for y_axis, scale, kept, pruned, write in panels:
        finite = np.concatenate([kept.ravel(), pruned.ravel()])
        finite = finite[np.isfinite(finite)]
        top = 1.1 * scale * float(finite.max()) if len(finite) and finite.max() > 0 else scale
        ranges.append((0.0, top))
        ends = []
        for role, label, group in ((PRUNED, "pruned next", pruned), (WINNING_TICKET, "survives", kept)):
            there = np.isfinite(group).any(axis=1)
            if not there.any():
                continue
            x = values.levels[there].astype(np.int32)
            mean = _traces(data, role, label, x, scale * group[there], y_axis, write)
            ends.append(labels.End(role, label, float(x[-1]), float(mean[-1])))
        gap = labels.GAP / (_TOP[1] - _TOP[0] if y_axis == "y" else _BOTTOM[1] - _BOTTOM[0])
        notes += [
            {**annotation, "yref": y_axis, **({"ayref": y_axis} if "ayref" in annotation else {})}
            for annotation in labels.annotations(ends, (0.0, top), gap=gap)
        ]
    notes.append(
        note("changed sign (%)", xref="paper", x=0, xanchor="left", xshift=-40, yref="paper", y=_BOTTOM[1],
             yanchor="bottom", yshift=5)
    )  # fmt: skip
    n = int(np.isfinite(values.move_kept).sum(axis=1).max(initial=0))
    return figure(
        data,
        title=f"Weight movement by level, {info.title}",
        finding=finding(info),
        foot=_foot(values),
        n=n,
        xaxis=axis("level", range=[-0.2, info.planned_levels + 0.2], tickformat="d", anchor="y2", tick0=0,
                   dtick=max(1, round(info.planned_levels / 8)), unifiedhovertitle={"text": "level %{x}"}),
        yaxis=axis("mean |Δw|", range=list(ranges[0]), domain=_TOP, nticks=5, **POWERS),
        yaxis2={**axis("", range=list(ranges[1]), domain=_BOTTOM, nticks=4), "anchor": "x"},
        annotations=notes,
        right=labels.margin(["pruned next"]),
    )  # fmt: skip


def _traces(
    data: list[dict[str, Any]], role: str, label: str, x: Any, values: Floats, y_axis: str, write: Write
) -> Floats:
    """Add band and mean of one group, (n_levels, n_replicates), to `data`; return the mean."""
    look = LOOKS[role]
    low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    n = np.isfinite(values).sum(axis=1)
    mean: Floats = np.where(np.isfinite(values), values, 0.0).sum(axis=1) / n
    text = [
        f"{write(middle)}  ({write(a)} to {write(b)}, n = {count})"
        for middle, a, b, count in zip(mean.tolist(), low.tolist(), high.tolist(), n.tolist(), strict=True)
    ]
    if n.max() > 1:
        edge = {"type": "scatter", "mode": "lines", "x": x, "yaxis": y_axis, "line": {"width": 0}, "hoverinfo": "skip",
                "meta": {"role": role, "part": "band"}}  # fmt: skip
        data.append({**edge, "y": low})
        data.append({**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(look.color, 0.15)})
    data.append(
        {
            "type": "scatter", "mode": "lines+markers", "name": label, "x": x, "y": mean, "yaxis": y_axis,
            "text": text, "hovertemplate": "%{text}",
            "line": {"color": look.color, "width": 2, "dash": look.dash},
            "marker": {"symbol": look.symbol, "color": look.color, "size": 6},
            "meta": {"role": role, "part": "mean"},
        }
    )  # fmt: skip
    return mean


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _foot(values: Moved) -> str:
    n = np.isfinite(values.move_kept).sum(axis=1)
    if not n.any():
        return "n = 0"
    if n.max() == 1:
        return "n = 1 replicate: no spread"
    return f"n = {words.by_level(n.tolist())}, mean · band = min to max · weights remaining at the level"


def table(info: ByLevelInfo) -> dict[str, list[Any]]:
    """Return one row per level and replicate; flips are shares in [0, 1]."""
    values = info.moved
    n = len(values.replicates)
    return {
        "level": np.repeat(values.levels, n).tolist(),
        "replicate": np.tile(values.replicates, len(values.levels)).tolist(),
        "mean_abs_move_kept": values.move_kept.ravel().tolist(),
        "mean_abs_move_pruned": values.move_pruned.ravel().tolist(),
        "sign_flips_kept": values.flips_kept.ravel().tolist(),
        "sign_flips_pruned": values.flips_pruned.ravel().tolist(),
    }
