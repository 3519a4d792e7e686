"""Accuracy against learning rate, one line per optimizer, and under each point what has become of the picture."""

import math
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.words import plural
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.contact_sheet import Sheet, Spot, images, marks, shown, zone
from app.kinds.erasure.figures.trainings import Ends
from app.kinds.erasure.spec import ErasureSpec
from app.plotting import labels, mean_lines, spread, words
from app.plotting.accuracy_axis import accuracy_range
from app.plotting.entry import FigureEntry
from app.plotting.mean_lines import MeanLine
from app.plotting.source import Options, Source
from app.plotting.style import LOOKS, OPTIMIZERS, axis, figure
from app.plotting.words import Part, brief

Split = Literal["test", "validation", "train"]
_TOLD = 5
# Lines that end in this last share of the axis are named right of it, where no other line runs through the name.
_EDGE = 0.5
_LABEL = {name: look.label for name, look in OPTIMIZERS.items()}


class AccuracyLrOptions(Options):
    """Which images the accuracy is of, and at which width; None takes the first."""

    split: Split = "test"
    width: int | None = Field(None, ge=1, le=100_000)


class AccuracyLrInfo(NamedTuple):
    """Accuracies in [0, 1] at the end of all trainings with the picture, and their final matrices."""

    split: Split
    width: int
    steps: int
    ends: tuple[Ends, ...]
    sheet: Sheet
    spots: tuple[Spot, ...]
    live: bool


def info(source: Source[AccuracyLrOptions]) -> AccuracyLrInfo:
    """Return the data of the figure, from the series `ending`.

    The step of each training's last frame is from `erasure`.
    """
    spec = source.spec(ErasureSpec)
    width = trainings.width_of(spec, source.options.width)
    ends = trainings.ends(source, width)
    picture = source.run.provenance.get("picture", {})
    aspect = picture.get("columns", 1) / picture.get("rows", 1)
    sheet = shown({item.optimizer: item.lrs for item in ends}, aspect=aspect)
    return AccuracyLrInfo(
        split=source.options.split,
        width=width,
        steps=spec.steps,
        ends=ends,
        sheet=sheet,
        spots=_spots(source, ends, sheet),
        live=source.live,
    )


def _spots(source: Source[AccuracyLrOptions], ends: tuple[Ends, ...], sheet: Sheet) -> tuple[Spot, ...]:
    """Return a picture of each training that has ended, of its first replicate that did not diverge."""
    rows = source.rows("erasure")
    spots = []
    for end in ends:
        for rate in sheet.rates[end.optimizer]:
            whole = np.flatnonzero(end.ended[rate] & ~np.isfinite(end.diverged[rate]))
            spot = Spot(end.optimizer, float(end.lrs[rate]), "")
            if len(whole) and rows is not None:
                frames = trainings.at(rows, end.cell(rate))
                steps = frames["step"][frames["replicate"] == whole[0]]
                if len(steps):
                    query = {
                        "replicate": int(whole[0]), **end.cell(rate)._asdict(), "step": int(steps.max()), "size": 96,
                        "theme": "light",
                    }  # fmt: skip
                    spots.append(spot._replace(source=f"/api/v1/runs/{source.run.id}/film/frame?{urlencode(query)}"))
            elif end.ended[rate].any() and not len(whole):
                spots.append(spot)
    return tuple(spots)


def _values(info: AccuracyLrInfo, end: Ends) -> NDArray[np.float64]:
    return end.values[f"{info.split}_accuracy"]


def finding(info: AccuracyLrInfo) -> list[Part]:
    """Return what each optimizer reaches at its best learning rate, the best first."""
    best = [(end, end.best) for end in info.ends]
    marked = [(end, at) for end, at in best if at is not None]
    if not marked:
        if any(np.isfinite(end.diverged).any() for end in info.ends):
            return [Part(f"Every training{' so far' if info.live else ''} diverged.")]
        return [Part("The first point appears when a network is trained." if info.live
                     else "Nothing to show: no network was trained to its end.")]  # fmt: skip
    marked.sort(key=lambda pair: -float(np.nanmean(_values(info, pair[0])[pair[1]])))
    parts = []
    for end, at in marked[:_TOLD]:
        accuracy = spread.mean_text(100 * _values(info, end)[at], 1, unit=" %")
        parts.append([Part(f"{LOOKS[end.optimizer].phrase} "), Part(accuracy, end.optimizer),
                     Part(f" at lr {brief(end.lrs[at])}")])  # fmt: skip
    more = len(marked) - len(parts)
    which = {"test": "Test accuracy", "validation": "Validation accuracy", "train": "Training accuracy"}[info.split]
    return [
        Part(f"{which} after {words.count(info.steps)} steps at each optimizer's best learning rate: "),
        *words.listed(parts),
        Part(f" and {plural(more, 'other')} below." if more else "."),
    ]


def foot(info: AccuracyLrInfo) -> str:
    """Return n, how the best rate is chosen, what diverged and what remains."""
    n = np.concatenate([np.isfinite(_values(info, end)).sum(axis=1) for end in info.ends])
    notes = [spread.n_text(n, "band = min to max")]
    if n.any():
        notes.append("best learning rate = highest validation accuracy")
    if lost := trainings.diverged_text(info.ends, _LABEL):
        notes.append(f"{lost}: open markers, ×")
    if info.spots:
        left_out = info.sheet.left_out
        notes.append("below: the matrix after training" + (f", {left_out} left out" if left_out else ""))
    if info.live and (left := trainings.awaited(info.ends)):
        notes.append(f"{plural(left, 'training')} remaining")
    return " · ".join(notes)


def _line(info: AccuracyLrInfo, end: Ends) -> MeanLine:
    order = np.argsort(end.lrs)
    values = 100 * _values(info, end)[order]
    return MeanLine(
        end.optimizer, LOOKS[end.optimizer].label, end.lrs[order], values, [""] * len(order), ".1f", " %"
    )  # fmt: skip


def _diverged(end: Ends, height: float) -> dict[str, Any] | None:
    """Draw open markers at the foot of the plot, where rates are at which trainings diverged; on the y axis 2."""
    lost = np.isfinite(end.diverged).any(axis=1)
    if not lost.any():
        return None
    look = LOOKS[end.optimizer]
    text = [
        f"{np.isfinite(steps).sum()} of {ended.sum()} diverged, "
        f"{'first ' if np.isfinite(steps).sum() > 1 else ''}at step {words.count(float(np.nanmin(steps)))}"
        for steps, ended in zip(end.diverged[lost], end.ended[lost], strict=True)
    ]
    return {
        "type": "scatter", "mode": "markers", "name": look.label, "yaxis": "y2", "x": end.lrs[lost],
        "y": np.full(int(lost.sum()), height), "text": text, "hovertemplate": "%{text}", "cliponaxis": False,
        "marker": {"symbol": f"{look.symbol}-open", "size": 8, "color": look.color, "line": {"width": 1.6}},
        "meta": {"role": end.optimizer, "part": "diverged"},
    }  # fmt: skip


def draw(info: AccuracyLrInfo) -> go.Figure:
    """Draw the figure: accuracy above, below it a row of matrices for each optimizer, each under its own point."""
    lines = [_line(info, end) for end in info.ends]
    every = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    y_range = accuracy_range(every)
    lost = [trace for i, end in enumerate(info.ends) if (trace := _diverged(end, 0.03 + 0.045 * (i % 10)))]
    lrs = np.unique(np.concatenate([end.lrs for end in info.ends]))
    low, high = info.sheet.span
    ends = mean_lines.at_edge([mean_lines.end(line, line.name) for line in lines], 10**high, _EDGE, high - low)
    bottom = zone(info.sheet)
    which = {"test": "test", "validation": "validation", "train": "training"}[info.split]
    # Rates in steps of two or more have a tick each; closer ones would run together.
    many = len(lrs) > 12 or (len(lrs) > 1 and float(np.diff(np.log10(lrs)).min()) < 0.2)
    ticks = {} if many else {"tickvals": lrs.tolist(), "ticktext": [brief(lr) for lr in lrs]}
    return figure(
        [*(trace for line in reversed(lines) for trace in mean_lines.traces(line)), *lost],
        title=f"{which[0].upper()}{which[1:]} accuracy against learning rate",
        finding=finding(info),
        foot=foot(info),
        n=max((int(np.isfinite(line.values).sum(axis=1).max(initial=0)) for line in lines), default=0),
        xaxis=axis("learning rate", type="log", range=list(info.sheet.span), anchor="free", position=0,
                   unifiedhovertitle={"text": "lr %{x:.3~g}"}, **ticks),
        yaxis=axis(f"{which} accuracy (%)", range=list(y_range), domain=[bottom, 1]),
        yaxis2={"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
        annotations=[*mean_lines.annotations(ends, y_range, log_x=True),
                     *marks(info.sheet, info.spots, _LABEL)],
        images=images(info.sheet, info.spots),
        right=labels.margin([LOOKS[end.optimizer].label for end in info.ends]),
    )  # fmt: skip


def table(info: AccuracyLrInfo) -> dict[str, list[Any]]:
    """Return one row per optimizer, rate and replicate that has ended.

    Accuracy in [0, 1], none of one that diverged.
    """
    columns: dict[str, list[Any]] = {
        "optimizer": [], "lr": [], "replicate": [], "diverged_step": [], f"{info.split}_accuracy": [],
    }  # fmt: skip
    for end in info.ends:
        for rate, replicate in np.argwhere(end.ended).tolist():
            accuracy, step = float(_values(info, end)[rate, replicate]), float(end.diverged[rate, replicate])
            row = (end.optimizer, float(end.lrs[rate]), replicate, None if math.isnan(step) else int(step), accuracy)
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    return columns


ENTRY = FigureEntry(
    "accuracy_vs_lr",
    "Accuracy against learning rate",
    "At which learning rates does each optimizer learn, and what is left of the picture there?",
    ("ending", "erasure"),
    AccuracyLrOptions,
    info,
    draw,
    table,
)
