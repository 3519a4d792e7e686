"""Stable rank of the first gradient and of its dualised update against width: how many directions a step moves."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.words import plural
from app.kinds.stable_rank.spec import StableRankSpec
from app.plotting import labels, mean_lines, spread, words
from app.plotting.entry import FigureEntry
from app.plotting.labels import End
from app.plotting.mean_lines import MeanLine
from app.plotting.source import Options, Source
from app.plotting.style import LOOKS, SOFT, axis, figure
from app.plotting.words import Part

Floats = NDArray[np.float64]
# The raw gradient is what SGD steps along, and looks like it.
ROLES = {"gradient": "sgd", "dualised": "dualised"}
# From solid to dotted as batches shrink.
_DASHES = ("solid", "7px,3px", "3px,3px", "1.5px,3px")


class Batch(NamedTuple):
    """One batch size: stable ranks (n_widths, n_replicates) from 1 to `cap` (n_widths,), NaN while awaited."""

    size: int
    gradient: Floats
    dualised: Floats
    cap: Floats


class RankInfo(NamedTuple):
    """Stable ranks of the middle matrix by width, for each batch size, the largest first."""

    widths: NDArray[np.int64]
    batches: tuple[Batch, ...]
    replicates: int
    live: bool


def info(source: Source[Options]) -> RankInfo:
    """Return the data of the figure, from the series `stable_rank`."""
    spec = source.spec(StableRankSpec)
    rows = source.rows("stable_rank")
    widths = np.array(sorted(spec.widths), np.int64)
    batches = []
    for size in sorted(spec.batch_sizes, reverse=True):
        gradient, dualised = np.full((2, len(widths), spec.replicates), np.nan)
        if rows is not None:
            mine = rows.where((rows["batch_size"] == size) & (rows["replicate"] < spec.replicates))
            place = np.searchsorted(widths, mine["width"]), mine["replicate"]
            gradient[place], dualised[place] = mine["gradient"], mine["dualised"]
        batches.append(Batch(size, gradient, dualised, np.minimum(widths, size).astype(np.float64)))
    return RankInfo(widths, tuple(batches), spec.replicates, source.live)


def finding(info: RankInfo) -> list[Part]:
    """Return how both ranks go from the smallest to the largest measured width, at the largest batch size."""
    for batch in info.batches:
        there = np.flatnonzero(np.isfinite(batch.gradient).any(axis=1))
        if len(there):
            break
    else:
        return [Part("The first point appears with the first gradient." if info.live
                     else "Nothing to show: no gradient was taken.")]  # fmt: skip
    first, last = there[0], there[-1]
    n = int(np.isfinite(batch.gradient[last]).sum())
    over = f" over {n} replicates" if n > 1 else ""
    of_batch = f"with batches of {words.count(batch.size)}{over}"
    gradient, dualised = (spread.mean_text(values[last], 1) for values in (batch.gradient, batch.dualised))
    narrow, wide = words.count(info.widths[first]), words.count(info.widths[last])
    if first == last:
        return [
            Part(f"At width {wide}, {of_batch}: stable rank of the gradient "), Part(gradient, ROLES["gradient"]),
            Part(", of its dualised update "), Part(dualised, ROLES["dualised"]), Part("."),
        ]  # fmt: skip
    return [
        Part(f"From width {narrow} to {wide}, {of_batch}: stable rank of the gradient "
             f"{spread.mean_text(batch.gradient[first], 1)} to "), Part(gradient, ROLES["gradient"]),
        Part(f", of its dualised update {spread.mean_text(batch.dualised[first], 1)} to "),
        Part(dualised, ROLES["dualised"]), Part(f"; no update of that batch could exceed {_cap(batch, last)}."),
    ]  # fmt: skip


def _cap(batch: Batch, at: int) -> str:
    return words.count(float(batch.cap[at]))


def foot(info: RankInfo) -> str:
    """Return n, what the cap is, and what remains."""
    n = np.concatenate([np.isfinite(batch.gradient).sum(axis=1) for batch in info.batches])
    notes = [spread.n_text(n, "band = min to max")]
    if n.any():
        notes.append("stable rank = ‖·‖F² / ‖·‖₂² of the middle matrix's first update · dotted: the cap, the smaller "
                     "of width and batch")  # fmt: skip
    if info.live and (left := info.replicates * len(n) - int(n.sum())):
        notes.append(f"{plural(left, 'gradient')} remaining")
    return " · ".join(notes)


def draw(info: RankInfo) -> go.Figure:
    """Draw the figure, both axes logarithmic: two lines and the cap for each batch size."""
    every = np.concatenate([np.concatenate([batch.gradient, batch.dualised]).ravel() for batch in info.batches])
    low = float(np.log10(np.nanmin(every, initial=1.0)))
    high = max(float(np.log10(batch.cap.max())) for batch in info.batches)
    y_range = (low - 0.06, high + 0.08)
    data: list[dict[str, Any]] = []
    ends: list[End | None] = []
    for i, batch in enumerate(info.batches):
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": f"cap of batch {batch.size:,}", "x": info.widths,
                "y": batch.cap, "hoverinfo": "skip", "line": {"color": LOOKS[SOFT].color, "width": 1.2, "dash": "dot"},
                "meta": {"role": SOFT, "part": "cap"},
            }
        )  # fmt: skip
        ends.append(End(SOFT, f"cap {words.count(float(batch.cap[-1]))}", float(info.widths[-1]), float(batch.cap[-1])))
        for name, values in (("gradient", batch.gradient), ("dualised", batch.dualised)):
            line = MeanLine(
                ROLES[name], f"{name}, batch {batch.size:,}", info.widths.astype(np.float64), values,
                [""] * len(info.widths), ".1f", dash=_DASHES[i],
            )  # fmt: skip
            data += mean_lines.traces(line, log_y=True)
            ends.append(mean_lines.end(line, line.name if len(info.batches) > 1 else name))
    ticks = info.widths if len(info.widths) <= 12 else None
    return figure(
        data,
        title="Stable rank of updates against width",
        finding=finding(info),
        foot=foot(info),
        n=max(int(np.isfinite(batch.gradient).sum(axis=1).max(initial=0)) for batch in info.batches),
        xaxis=axis("width (units)", type="log", tickvals=None if ticks is None else ticks.tolist(),
                   ticktext=None if ticks is None else [words.count(int(width)) for width in ticks],
                   range=[float(np.log10(info.widths[0])) - 0.05, float(np.log10(info.widths[-1])) + 0.05],
                   unifiedhovertitle={"text": "width %{x:,d}"}),
        yaxis=mean_lines.log_axis("stable rank", y_range),
        annotations=mean_lines.annotations(ends, y_range, log_x=True, log_y=True, gap=0.06),
        right=labels.margin([f"gradient, batch {batch.size:,}" for batch in info.batches]),
    )  # fmt: skip


def table(info: RankInfo) -> dict[str, list[Any]]:
    """Return one row per batch size, width and replicate that is measured."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("batch_size", "width", "replicate", "gradient", "dualised", "cap")
    }  # fmt: skip
    for batch in info.batches:
        for i, j in np.argwhere(np.isfinite(batch.gradient)).tolist():
            row = (batch.size, int(info.widths[i]), j, float(batch.gradient[i, j]), float(batch.dualised[i, j]),
                   float(batch.cap[i]))  # fmt: skip
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    return columns


ENTRY = FigureEntry(
    "stable_rank_vs_width",
    "Stable rank against width",
    "Along how many directions does a step move, as networks get wider?",
    ("stable_rank",),
    Options,
    info,
    draw,
    table,
)
