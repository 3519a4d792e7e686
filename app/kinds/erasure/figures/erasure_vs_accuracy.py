"""Visibility of the picture after training against accuracy, each point one training: who learns without erasing?"""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.words import plural
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.accuracy_vs_lr import Split
from app.kinds.erasure.figures.trainings import ERASED, Ends, fate
from app.kinds.erasure.spec import ErasureSpec
from app.plotting import mean_lines, spread, words
from app.plotting.accuracy_axis import accuracy_range
from app.plotting.density_curves import rgba
from app.plotting.entry import FigureEntry
from app.plotting.labels import End
from app.plotting.source import Options, Source
from app.plotting.style import LOOKS, OPTIMIZERS, SOFT, axis, figure, note
from app.plotting.words import Part, brief

_TOLD = 5
_LABEL = {name: look.label for name, look in OPTIMIZERS.items()}


class ErasureAccuracyOptions(Options):
    """Which images the accuracy is of, and at which width; None takes the first."""

    split: Split = "test"
    width: int | None = Field(None, ge=1, le=100_000)


class ErasureAccuracyInfo(NamedTuple):
    """Trainings with the picture at their end.

    Visibility is an AUC in [0, 1] if `two_level`, else a rank correlation in [−1, 1]. Accuracy is in [0, 1]. `null` is
    the mean interval of what permuted pictures have, NaN before any.
    """

    split: Split
    width: int
    two_level: bool
    ends: tuple[Ends, ...]
    null: tuple[float, float]
    live: bool


def info(source: Source[ErasureAccuracyOptions]) -> ErasureAccuracyInfo:
    """Return the data of the figure, from the series `ending`."""
    width = trainings.width_of(source.spec(ErasureSpec), source.options.width)
    ends = trainings.ends(source, width)
    bounds = [np.concatenate([item.values[name].ravel() for item in ends]) for name in ("null_low", "null_high")]
    finite = [bound[np.isfinite(bound)] for bound in bounds]
    low, high = (float(bound.mean()) if len(bound) else float("nan") for bound in finite)
    return ErasureAccuracyInfo(
        source.options.split, width, trainings.two_level(source.run), ends, (low, high), source.live
    )


def _accuracy(info: ErasureAccuracyInfo, end: Ends) -> NDArray[np.float64]:
    return end.values[f"{info.split}_accuracy"]


def finding(info: ErasureAccuracyInfo) -> list[Part]:
    """Return the fate of the picture at each optimizer's best rate, the most visible first, and the accuracy."""
    marked = [(end, at) for end in info.ends if (at := end.best) is not None]
    if not marked:
        if any(np.isfinite(end.diverged).any() for end in info.ends):
            return [Part(f"Every training{' so far' if info.live else ''} diverged.")]
        return [Part("The first point appears when a network is trained." if info.live
                     else "Nothing to show: no network was trained to its end.")]  # fmt: skip
    marked.sort(key=lambda pair: -float(np.nanmean(pair[0].values["visibility"][pair[1]])))
    measure = "AUC" if info.two_level else "rank correlation"
    sentences = []
    for end, at in marked[:_TOLD]:
        seen, low, high = (end.values[name][at] for name in ("visibility", "null_low", "null_high"))
        word = fate(*(float(np.nanmean(values)) for values in (seen, low, high)), two_level=info.two_level)
        sentences.append(
            [
                Part(f"{LOOKS[end.optimizer].phrase} at lr {brief(end.lrs[at])} {measure} "),
                Part(spread.mean_text(seen, 2), end.optimizer),
                Part(f", {word}, {spread.mean_text(100 * _accuracy(info, end)[at], 1, unit=' %')}"),
            ]
        )
    parts = [Part("At the best learning rate of each: "), *sentences[0]]
    for group in sentences[1:]:
        parts += [Part("; "), *group]
    return [*parts, Part(words.ending(len(marked) - _TOLD, "optimizer"))]


def foot(info: ErasureAccuracyInfo) -> str:
    """Return n, what the strip and the line are, what diverged and what remains."""
    n = np.concatenate([np.isfinite(_accuracy(info, end)).sum(axis=1) for end in info.ends])
    notes = [spread.n_text(n)]
    if n.any():
        notes.append(f"{plural(int(n.sum()), 'point')}, one a training; strong and named at the best rate by "
                     "validation accuracy")  # fmt: skip
        notes.append("strip = 95 % of pictures with rows and columns permuted: outside it is detectable")
        if info.two_level:
            notes.append(f"erased = AUC up to {ERASED:.2f}")
    if lost := trainings.diverged_text(info.ends, _LABEL):
        notes.append(lost)
    if info.live and (left := trainings.awaited(info.ends)):
        notes.append(f"{plural(left, 'training')} remaining")
    return " · ".join(notes)


def _points(info: ErasureAccuracyInfo, end: Ends) -> dict[str, Any] | None:
    x, y = end.values["visibility"], 100 * _accuracy(info, end)
    places = np.argwhere(np.isfinite(x) & np.isfinite(y))
    if not len(places):
        return None
    look = LOOKS[end.optimizer]
    measure = "AUC" if info.two_level else "ρ"
    rates, replicates = places.T
    text = [
        f"{look.label} lr {brief(end.lrs[i])}, replicate {j}<br>{measure} {x[i, j]:.3f} · {y[i, j]:.1f} %".replace(
            "-", "−"
        )
        for i, j in places.tolist()
    ]
    return {
        "type": "scatter", "mode": "markers", "name": look.label, "x": x[rates, replicates], "y": y[rates, replicates],
        "text": text, "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": look.symbol, "color": look.color, "size": 8,
                   "opacity": np.where(rates == end.best, 0.95, 0.45)},
        "meta": {"role": end.optimizer, "part": "training"},
    }  # fmt: skip


def _names(info: ErasureAccuracyInfo, x_range: tuple[float, float], y_range: tuple[float, float]) -> list[Any]:
    """Return a name above the most accurate point of each optimizer's best learning rate."""
    ends = []
    for end in info.ends:
        if (best := end.best) is not None:
            x, y = end.values["visibility"][best], 100 * _accuracy(info, end)[best]
            top = int(np.nanargmax(y))
            ends.append(End(end.optimizer, LOOKS[end.optimizer].label, float(x[top]), float(y[top])))
    return mean_lines.above(ends, x_range, y_range)


def draw(info: ErasureAccuracyInfo) -> go.Figure:
    """Draw the figure: the picture's visibility to the right, accuracy upwards; top left erases and learns."""
    every = [_points(info, end) for end in info.ends]
    points = [trace for trace in every if trace is not None]
    x = np.concatenate([trace["x"] for trace in points]) if points else np.zeros(0)
    y = np.concatenate([trace["y"] for trace in points]) if points else np.zeros(0)
    low, high = (0.4, 1.0) if info.two_level else (-0.1, 0.6)
    x_range = (min(low, float(x.min(initial=low)) - 0.03), max(high, float(x.max(initial=high))) + 0.02)
    bottom, top = accuracy_range(y)
    # Room for names above the best.
    y_range = (bottom, top + 0.1 * (top - bottom))
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    below: dict[str, Any] = {"yref": "paper", "y": 0, "yanchor": "bottom", "yshift": 1}
    if np.isfinite(info.null).all():
        shapes.append(
            {"type": "rect", "name": SOFT, "xref": "x", "x0": info.null[0], "x1": info.null[1], "yref": "paper",
             "y0": 0, "y1": 1, "layer": "below", "line": {"width": 0}, "fillcolor": rgba(LOOKS[SOFT].color, 0.16)}
        )  # fmt: skip
        # At the other end than that of the line, which a phone draws near to it.
        above: dict[str, Any] = {"yref": "paper", "y": 1, "yanchor": "top", "yshift": -1}
        notes.append(note("chance", x=sum(info.null) / 2, xanchor="center", **above))
    if info.two_level:
        shapes.append(
            {"type": "line", "name": SOFT, "xref": "x", "x0": ERASED, "x1": ERASED, "yref": "paper", "y0": 0, "y1": 1,
             "layer": "below", "line": {"width": 1.2, "dash": "dot", "color": LOOKS[SOFT].color}}
        )  # fmt: skip
        notes.append(note(f"erased ≤ {ERASED:.2f}", x=ERASED, xanchor="left", xshift=1, **below))
    which = {"test": "test", "validation": "validation", "train": "training"}[info.split]
    what = "visibility of the picture after training (AUC)" if info.two_level else "visibility (rank correlation)"
    return figure(
        list(reversed(points)),
        title=f"Erasure against {which} accuracy",
        finding=finding(info),
        foot=foot(info),
        n=max((int(np.isfinite(_accuracy(info, end)).sum(axis=1).max(initial=0)) for end in info.ends), default=0),
        xaxis=axis(what, range=list(x_range)),
        yaxis=axis(f"{which} accuracy (%)", range=list(y_range)),
        annotations=[*notes, *_names(info, x_range, y_range)],
        shapes=shapes,
        hovermode="closest",
    )


def table(info: ErasureAccuracyInfo) -> dict[str, list[Any]]:
    """Return one row per training that has ended; a diverged one has the step where it did and no values."""
    names = ("visibility", "null_low", "null_high", f"{info.split}_accuracy")
    columns: dict[str, list[Any]] = {
        name: [] for name in ("optimizer", "lr", "replicate", "diverged_step", *names)
    }  # fmt: skip
    for end in info.ends:
        for rate, replicate in np.argwhere(end.ended).tolist():
            columns["optimizer"].append(end.optimizer)
            columns["lr"].append(float(end.lrs[rate]))
            columns["replicate"].append(replicate)
            columns["diverged_step"].append(float(end.diverged[rate, replicate]))
            for name in names:
                columns[name].append(float(end.values[name][rate, replicate]))
    return columns


ENTRY = FigureEntry(
    "erasure_vs_accuracy",
    "Erasure against accuracy",
    "Which optimizers learn without erasing the picture?",
    ("ending",),
    ErasureAccuracyOptions,
    info,
    draw,
    table,
)
