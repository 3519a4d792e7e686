"""Accuracy against the weights that remain, for the winning ticket and its controls."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.contract.experiment import Experiment
from app.contract.words import plural
from app.kinds.lottery.spec import LotterySpec
from app.plotting import collapse, labels, predictions, words
from app.plotting.accuracy_axis import accuracy_range
from app.plotting.density_axis import density_axis
from app.plotting.density_curves import FOOT_AXIS, broken_at, collapse_marks, diverged_traces, replicates_note, traces
from app.plotting.entry import FigureEntry, Reads
from app.plotting.replicates import Curve, curve, draws, mean_at, present, unequal
from app.plotting.source import Options, Source
from app.plotting.style import DENSE, LOOKS, axis, figure
from app.plotting.words import Part
from app.records import Run

_COLUMNS = {"final": "test_accuracy", "early_stop": "early_stop_test_accuracy", "train": "train_accuracy"}
_TITLES = {
    "final": "Test accuracy against density",
    "early_stop": "Test accuracy at the early stop against density",
    "train": "Training accuracy against density",
}


class AccuracyOptions(Options):
    """`at`: after the last step, at the step with the lowest validation loss, or on the training split."""

    at: Literal["final", "early_stop", "train"] = "final"


class Cited(NamedTuple):
    """What the finding compares: the means that the curves show at `level`, where `n` replicates have every control.

    `dense` is the mean of level 0 that the figure shows. `counts` has the replicates behind each value where these
    differ, as in a running run.
    """

    level: int
    density: float
    n: int
    accuracy: dict[str, float]
    dense: float
    counts: Mapping[str, int] = MappingProxyType({})


class AccuracyInfo(NamedTuple):
    """Curves with accuracy in [0, 1], `dense` the mean of level 0; `lowest` is the density at the axis's end.

    `collapsed` is where tickets have collapsed, "" where none has, and `broken` their highest density. `chance` is what
    an accuracy counts where classes are not equally frequent.
    """

    at: str
    curves: tuple[Curve, ...]
    dense: float
    cited: Cited | None
    steps: int
    draws: int
    planned: tuple[str, ...]
    lowest: float
    live: bool
    continued: bool
    collapsed: str = ""
    broken: float = math.nan
    chance: str = ""


def info(source: Source[AccuracyOptions]) -> AccuracyInfo:
    """Return the data of the figure, from the series `outcome`."""
    outcome = source.rows("outcome")
    spec = source.run.spec if isinstance(source.run.spec, LotterySpec) else None
    column = _COLUMNS[source.options.at]
    curves = () if outcome is None else tuple(curve(outcome, column, name) for name in present(outcome))
    dense = curves[0].at(0) if curves and curves[0].control == WINNING_TICKET else {}
    return AccuracyInfo(
        at=source.options.at,
        curves=curves,
        dense=math.fsum(dense.values()) / len(dense) if dense else math.nan,
        cited=cite(curves),
        steps=spec.steps if spec else 0,
        draws=1 if outcome is None else draws(outcome),
        planned=(WINNING_TICKET, *(control.kind for control in (spec.branches if spec else ()))),
        lowest=_lowest(curves, spec.lowest_density if spec else 1.0),
        live=source.live,
        continued=spec is not None and spec.rewind != "weights",
        collapsed=collapse.of_run(source.collapses, source.run.spec.replicates),
        broken=broken_at(curves, source.collapses),
        chance=predictions.chance(source.run.spec),
    )


def wanted(run: Run) -> bool:
    """Return whether a run has accuracies: those of imported masks are known only where they were given."""
    return isinstance(run.spec, Experiment) or "accuracies" in run.provenance


def _lowest(curves: tuple[Curve, ...], planned: float) -> float:
    """Return the density at the axis's end; masks that keep nothing have none on a logarithmic axis."""
    densities = [planned, *(float(density) for drawn in curves for density in drawn.density if density > 0)]
    return min(densities) if planned < 1 or min(densities) < 1 else 0.5


def cite(curves: tuple[Curve, ...]) -> Cited | None:
    """Return the level that most replicates have in every control, the sparsest of several.

    None before there is one.
    """
    levels = sorted({int(level) for drawn in curves for level in drawn.levels if level > 0})
    best: Cited | None = None
    for level in levels:
        rows = [drawn.at(level) for drawn in curves]
        common = set.intersection(*(set(row) for row in rows)) if rows else set()
        if common and (best is None or len(common) >= best.n):
            density = float(curves[0].density[curves[0].levels == level][0])
            ticket = curves[0] if curves[0].control == WINNING_TICKET else None
            best = Cited(
                level=level,
                density=density,
                n=len(common),
                accuracy={drawn.control: mean_at(drawn, level) for drawn in curves},
                dense=mean_at(ticket, 0) if ticket else math.nan,
                counts=unequal(curves, level),
            )
    return best


def finding(info: AccuracyInfo) -> list[Part]:
    """Return one sentence with the numbers that the curves show, and what they cannot show."""
    after = {
        "final": f"after {words.count(info.steps)} steps" if info.steps else "as given with the imported files",
        "early_stop": "at the step with the lowest validation loss",
        "train": f"on the training split, after {words.count(info.steps)} steps",
    }[info.at]
    if info.cited is None:
        if math.isnan(info.dense):
            if any(drawn.diverged.any() for drawn in info.curves):
                return [Part(f"Every training{' so far' if info.live else ''} diverged.")]
            return [Part("The first point appears when the dense network is trained." if info.live
                         else "Nothing to show: no network was trained to its end.")]  # fmt: skip
        rest = "; the first pruned network is next." if info.live else "; no pruned network was trained to its end."
        return [Part("The dense network reaches "), Part(words.accuracy(info.dense), DENSE), Part(f" {after}{rest}")]
    sentences = []
    for control, accuracy in info.cited.accuracy.items():
        what = f" {'training' if info.at == 'train' else 'test'} accuracy" if control == WINNING_TICKET else ""
        verb = "the ticket reaches" if control == WINNING_TICKET else LOOKS[control].phrase
        sentences.append(
            [Part(f"{verb} "), Part(words.accuracy(accuracy), control), Part(what + _behind(info.cited, control))]
        )
    parts = [Part(f"At {words.density(info.cited.density)} of the weights "), *sentences[0]]
    if sentences[1:]:
        parts += [Part("; "), *words.listed(sentences[1:])]
    if not math.isnan(info.cited.dense):
        parts += [Part("; dense "), Part(words.accuracy(info.cited.dense), DENSE), Part(_behind(info.cited, DENSE))]
    parts.append(Part(f"; {after}."))
    if info.continued:
        parts.append(
            Part(" The ticket continued from trained weights, so it was trained for more steps than its controls.")
        )
    if info.collapsed:
        parts.append(Part(f" {info.collapsed}"))
    if info.live:
        n = plural(info.cited.n, "replicate")
        parts.append(Part(" Still running." if info.cited.counts else f" Still running; so far from {n}."))
    elif info.cited.n == 1:
        parts.append(Part(" One replicate cannot distinguish an effect from chance."))
    return parts


def _behind(cited: Cited, control: str) -> str:
    """Return how many replicates a value is the mean of, where that is not the same for all."""
    return f" (n = {cited.counts[control]})" if cited.counts else ""


def foot(info: AccuracyInfo) -> str:
    """Return n, what the lines and the band are, and what is not in them."""
    notes = [replicates_note(info.curves, info.draws)]
    diverged = sum(int(drawn.diverged.sum()) for drawn in info.curves)
    if diverged:
        notes.append(f"× {plural(diverged, 'diverged training')}; not in the mean")
    values = [100 * drawn.values[np.isfinite(drawn.values)] for drawn in info.curves]
    low, _ = accuracy_range(np.concatenate(values) if values else np.zeros(0))
    if any((value < low).any() for value in values):
        notes.append(f"the axis starts at {low:g} %: lower values lie below it")
    notes += [info.chance] if info.chance else []
    return " · ".join(notes)


def draw(info: AccuracyInfo) -> go.Figure:
    """Draw the figure: controls below, the ticket on top, the dense level as a thin line of ink."""
    values = [100 * drawn.values[np.isfinite(drawn.values)] for drawn in info.curves]
    y_range = accuracy_range(np.concatenate(values) if values else np.zeros(0))
    x_axis = density_axis(info.lowest)
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    if not math.isnan(info.dense):
        dense = LOOKS[DENSE]
        x = np.array([100.0, 100 * info.lowest])
        data.append(
            {
                "type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": x, "y": np.full(2, 100 * info.dense),
                "line": {"color": dense.color, "width": 1}, "meta": {"role": DENSE, "part": "mean"},
            }
        )  # fmt: skip
        ends.append(labels.End(DENSE, dense.label, float(x[1]), 100 * info.dense))
    for drawn in reversed(info.curves):
        data += traces(drawn, scale=100, hover=".1f| %")
        finite = np.flatnonzero(drawn.n > 0)
        if len(finite):
            last = finite[-1]
            ends.append(
                labels.End(drawn.control, LOOKS[drawn.control].label, 100 * float(drawn.density[last]),
                           100 * float(drawn.mean[last]))
            )  # fmt: skip
    data += diverged_traces(info.curves)
    mark, word = collapse_marks(info.broken)
    what = "training accuracy (%)" if info.at == "train" else "test accuracy (%)"
    return figure(
        data,
        title=_TITLES[info.at],
        finding=finding(info),
        foot=foot(info),
        n=max((int(drawn.n.max(initial=0)) for drawn in info.curves), default=0),
        xaxis=x_axis,
        yaxis=axis(what, range=list(y_range)),
        yaxis2=FOOT_AXIS,
        shapes=mark,
        annotations=[*word, *labels.annotations(ends, y_range, log_x=True, descending=True)],
        right=labels.margin([LOOKS[name].label for name in info.planned]),
    )


def table(info: AccuracyInfo) -> dict[str, list[Any]]:
    """Return one row per control, level and replicate; draws are averaged; accuracy in [0, 1]."""
    columns: dict[str, list[Any]] = {"control": [], "level": [], "density": [], "replicate": [], "accuracy": []}
    for drawn in info.curves:
        n_levels, n_replicates = drawn.values.shape
        columns["control"] += [drawn.control] * (n_levels * n_replicates)
        columns["level"] += np.repeat(drawn.levels, n_replicates).tolist()
        columns["density"] += np.repeat(drawn.density, n_replicates).tolist()
        columns["replicate"] += np.tile(drawn.replicates, n_levels).tolist()
        columns["accuracy"] += drawn.values.ravel().tolist()
    return columns


def _outcome_alone(_options: Options) -> Reads:
    """Return the series `outcome` only: `layers` shows which tickets have collapsed, and the source brings that."""
    return Reads({"outcome": None}, {})


ENTRY = FigureEntry(
    "accuracy_vs_density",
    "Accuracy against density",
    "Does a sparse ticket still learn as well as the dense network, and do its controls?",
    ("outcome", "layers"),
    AccuracyOptions,
    info,
    draw,
    table,
    reads_of=_outcome_alone,
    wanted=wanted,
    collapses=True,
)
