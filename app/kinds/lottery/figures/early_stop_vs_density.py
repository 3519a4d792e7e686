"""How soon learning is done: the step with the lowest validation loss against the weights that remain."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.kinds.lottery.spec import LotterySpec
from app.plotting import collapse, labels, words
from app.plotting.density_axis import density_axis
from app.plotting.density_curves import FOOT_AXIS, broken_at, collapse_marks, diverged_traces, replicates_note, traces
from app.plotting.entry import FigureEntry, Reads
from app.plotting.replicates import Curve, curve, draws, mean_at, present, unequal
from app.plotting.source import Options, Source
from app.plotting.style import DENSE, LOOKS, SOFT, axis, figure, note
from app.plotting.words import Part


class EarlyStopInfo(NamedTuple):
    """Curves in steps; `censored` holds, for each curve, the trainings per level whose minimum is the last evaluation.

    A censored step is a lower bound, so a mean over it is one too. Tickets have collapsed at the levels `gone`, first
    at the density `broken`, in the words of `collapsed`.
    """

    curves: tuple[Curve, ...]
    censored: tuple[NDArray[np.int64], ...]
    trainings: int
    steps: int
    draws: int
    planned: tuple[str, ...]
    lowest: float
    live: bool
    continued: bool
    collapsed: str = ""
    broken: float = math.nan
    gone: frozenset[int] = frozenset()


def info(source: Source[Options]) -> EarlyStopInfo:
    """Return the data of the figure, from the series `outcome`."""
    outcome = source.rows("outcome")
    spec = source.spec(LotterySpec)
    curves: tuple[Curve, ...] = ()
    censored: list[NDArray[np.int64]] = []
    if outcome is not None:
        curves = tuple(curve(outcome, "early_stop_step", name) for name in present(outcome))
        open_end = (outcome["early_stop_censored"] > 0) & ~np.isfinite(outcome["diverged_step"])
        for drawn in curves:
            level = outcome["level"][open_end & (outcome["control"] == drawn.control)]
            censored.append((level[:, None] == drawn.levels).sum(axis=0))
    return EarlyStopInfo(
        curves=curves,
        censored=tuple(censored),
        trainings=0 if outcome is None else len(outcome),
        steps=spec.steps,
        draws=1 if outcome is None else draws(outcome),
        planned=(WINNING_TICKET, *(control.kind for control in spec.branches)),
        lowest=min([spec.lowest_density, *(float(drawn.density.min()) for drawn in curves)]),
        live=source.live,
        continued=spec.rewind != "weights",
        collapsed=collapse.of_run(source.collapses, spec.replicates),
        broken=broken_at(curves, source.collapses),
        gone=collapse.levels(source.collapses),
    )


def comparable(info: EarlyStopInfo) -> tuple[int, dict[str, float]] | None:
    """Return the sparsest pruned level at which no control is censored, diverged or collapsed, with each mean step.

    Means are those that the curves show; "dense" is added when level 0 is not censored either. None when there is no
    such level.
    """
    best: tuple[int, dict[str, float]] | None = None
    for level in sorted({int(level) for drawn in info.curves for level in drawn.levels if level > 0} - info.gone):
        steps = {drawn.control: mean_at(drawn, level) for drawn in info.curves}
        spoiled = any(
            ((counts + drawn.diverged)[drawn.levels == level] > 0).any()
            for drawn, counts in zip(info.curves, info.censored, strict=True)
        )
        if not spoiled and not any(math.isnan(step) for step in steps.values()):
            best = level, steps
    if best is not None and info.curves[0].control == WINNING_TICKET:
        ticket, counts = info.curves[0], info.censored[0]
        if len(ticket.at(0)) and not counts[ticket.levels == 0].any():
            best[1][DENSE] = mean_at(ticket, 0)
    return best


def finding(info: EarlyStopInfo) -> list[Part]:
    """Return how soon each control is done where that is known, and where no claim can be made."""
    if not any(drawn.n.any() for drawn in info.curves):
        return [Part("The first point appears when the dense network is trained." if info.live
                     else "Nothing to show: no network was trained to its end.")]  # fmt: skip
    if info.continued:
        return [Part("Tickets go on from trained weights: their steps do not compare with those of networks that start "
                     "from nothing.")]  # fmt: skip
    censored = sum(int(counts.sum()) for counts in info.censored)
    pairs = comparable(info)
    if pairs is None:
        if info.collapsed:
            return [Part(info.collapsed)]
        if censored:
            return [Part("At every level some network still improves at the last evaluation: no speed-up claim.")]
        return [
            Part(
                "The first pruned network is next."
                if info.live
                else "No level has been trained by the ticket and all controls."
            )
        ]
    level, steps = pairs
    density = float(info.curves[0].density[info.curves[0].levels == level][0])
    behind = {control: f" (n = {n})" for control, n in unequal(info.curves, level).items()}
    sentences = [
        [Part(f"{LOOKS[control].phrase} after "), Part(words.count(step), control), Part(behind.get(control, ""))]
        for control, step in steps.items()
    ]
    parts = [
        Part(f"At {words.density(density)} of the weights, validation loss is lowest for "),
        *words.listed(sentences),
        Part(" steps."),
    ]
    if censored:
        parts.append(Part(" Hollow markers: still improving at the last step, so no speed-up claim there."))
    if info.collapsed:
        parts.append(Part(f" {info.collapsed}"))
    return parts


def foot(info: EarlyStopInfo) -> str:
    """Return n, what the band is, and how many trainings are censored or lost."""
    notes = [replicates_note(info.curves, info.draws)]
    censored = sum(int(counts.sum()) for counts in info.censored)
    diverged = sum(int(drawn.diverged.sum()) for drawn in info.curves)
    if censored:
        notes.append(f"hollow markers: still improving at the last step ({censored} of {info.trainings})")
    if diverged:
        notes.append(f"× {plural(diverged, 'diverged training')}; not in the mean")
    return " · ".join(notes)


def draw(info: EarlyStopInfo) -> go.Figure:
    """Draw the figure; its y axis always reaches from step 0 to the last."""
    # Room above the line of the last evaluation for its name, clear of the curves.
    y_range = (0.0, 1.14 * info.steps)
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    for drawn, counts in zip(reversed(info.curves), reversed(info.censored), strict=True):
        data += traces(drawn, scale=1, hover=",.0f| steps", open_markers=counts > 0)
        finite = np.flatnonzero(drawn.n > 0)
        if len(finite):
            last = finite[-1]
            ends.append(
                labels.End(drawn.control, LOOKS[drawn.control].label, 100 * float(drawn.density[last]),
                           float(drawn.mean[last]))
            )  # fmt: skip
    data += diverged_traces(info.curves)
    mark, word = collapse_marks(info.broken)
    last_line = {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": info.steps, "y1": info.steps, "layer": "below",
        "name": SOFT, "line": {"color": LOOKS[SOFT].color, "width": 1, "dash": LOOKS[SOFT].dash},
    }  # fmt: skip
    # At its left, and where there is room once the page knows its size: labels of a run just begun are there.
    left = math.log10(100.0)
    last_note = note(
        "last evaluation", x=left, xanchor="left", xshift=6, y=info.steps, yanchor="bottom", yshift=1,
        place={"x": left, "y": info.steps},
    )  # fmt: skip
    return figure(
        data,
        title="Early stop against density",
        finding=finding(info),
        foot=foot(info),
        n=max((int(drawn.n.max(initial=0)) for drawn in info.curves), default=0),
        xaxis=density_axis(info.lowest),
        yaxis=axis("step with the lowest validation loss", range=list(y_range), tickformat=",d"),
        yaxis2=FOOT_AXIS,
        shapes=[last_line, *mark],
        annotations=[last_note, *word, *labels.annotations(ends, y_range, log_x=True, descending=True)],
        right=labels.margin([LOOKS[name].label for name in info.planned]),
    )


def table(info: EarlyStopInfo) -> dict[str, list[Any]]:
    """Return one row per control, level and replicate: the step, draws averaged, and the level's censored trainings."""
    columns: dict[str, list[Any]] = {
        "control": [], "level": [], "density": [], "replicate": [], "early_stop_step": [],
        "censored_trainings_at_level": [],
    }  # fmt: skip
    for drawn, counts in zip(info.curves, info.censored, strict=True):
        n_levels, n_replicates = drawn.values.shape
        columns["control"] += [drawn.control] * (n_levels * n_replicates)
        columns["level"] += np.repeat(drawn.levels, n_replicates).tolist()
        columns["density"] += np.repeat(drawn.density, n_replicates).tolist()
        columns["replicate"] += np.tile(drawn.replicates, n_levels).tolist()
        columns["early_stop_step"] += drawn.values.ravel().tolist()
        columns["censored_trainings_at_level"] += np.repeat(counts, n_replicates).tolist()
    return columns


def _outcome_alone(_options: Options) -> Reads:
    """Return the series `outcome` only: `layers` shows which tickets have collapsed, and the source brings that."""
    return Reads({"outcome": None}, {})


ENTRY = FigureEntry(
    "early_stop_vs_density",
    "Early stop against density",
    "Does a sparse ticket learn faster than the dense network, and do its controls?",
    ("outcome", "layers"),
    Options,
    info,
    draw,
    table,
    reads_of=_outcome_alone,
    collapses=True,
)
