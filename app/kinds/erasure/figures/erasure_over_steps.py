"""How the picture fades, how far the matrix moves and what is learned, over the steps of training."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.words import plural
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.course import Course, course
from app.kinds.erasure.figures.spectral_match import Match, match, matched
from app.kinds.erasure.figures.trainings import Ends, fate, lr_text
from app.kinds.erasure.spec import ErasureSpec
from app.plotting import labels, level_lines, mean_lines, spread, step_axis, words
from app.plotting.density_curves import rgba
from app.plotting.entry import FigureEntry
from app.plotting.mean_lines import MeanLine
from app.plotting.source import Options, Source
from app.plotting.style import LOOKS, OPTIMIZERS, SOFT, axis, figure
from app.plotting.words import Part

Measure = Literal[
    "visibility", "similarity", "movement", "ssim", "train_accuracy", "test_accuracy", "loss", "update_stable_rank",
    "gradient_stable_rank", "update_spectral", "update_frobenius",
]  # fmt: skip
MAX_LINES = 16
_BANDS = 8
_TOLD = 5
_LABEL = {name: look.label for name, look in OPTIMIZERS.items()}


class Scale(NamedTuple):
    """How a measure is written: axis, word in a sentence, decimals or significant digits, unit and factor."""

    title: str
    word: str
    form: str
    unit: str = ""
    factor: float = 1.0
    log: bool = False


SCALES: dict[Measure, Scale] = {
    "visibility": Scale("visibility of the picture (AUC)", "AUC", ".2f"),
    "similarity": Scale("r(W0, Wt)", "r(W0, Wt)", ".2f"),
    "movement": Scale("‖Wt − W0‖ / ‖W0‖", "‖Wt − W0‖ / ‖W0‖", ".2f"),
    "ssim": Scale("SSIM of Wt and W0", "SSIM", ".2f"),
    "train_accuracy": Scale("training accuracy (%)", "training accuracy", ".1f", " %", 100),
    "test_accuracy": Scale("test accuracy (%)", "test accuracy", ".1f", " %", 100),
    "loss": Scale("mean minibatch loss since the previous point", "loss", ".2g", log=True),
    "update_stable_rank": Scale("stable rank of the update", "stable rank", ".3g", log=True),
    "gradient_stable_rank": Scale("stable rank of the gradient", "stable rank", ".3g", log=True),
    "update_spectral": Scale("spectral norm of one update", "spectral norm", ".2g", log=True),
    "update_frobenius": Scale("Frobenius norm of one update", "Frobenius norm", ".2g", log=True),
}
_GREY = Scale("visibility of the picture (rank correlation)", "rank correlation", ".2f")


class StepsOptions(Options):
    """What is shown, of which optimizer (all for None), at which width (the first for None); `rates`: only the rate of
    highest validation accuracy of each optimizer, or all; `twins`: those without the picture too."""

    measure: Measure = "visibility"
    optimizer: str | None = Field(None, max_length=40, json_schema_extra={"none": "all"})
    width: int | None = Field(None, ge=1, le=100_000)
    rates: Literal["best", "all"] = "best"
    twins: bool = False


class StepsInfo(NamedTuple):
    """Courses of `measure`, the marked ones before the twins; `left_out` counts marked ones that are not drawn."""

    measure: Measure
    scale: Scale
    width: int
    steps: int
    two_level: bool
    ends: tuple[Ends, ...]
    courses: tuple[Course, ...]
    left_out: int
    match: Match | None
    live: bool


def info(source: Source[StepsOptions]) -> StepsInfo:
    """The data of the figure, from the series `erasure` and, for the best rates, `ending`."""
    options, spec = source.options, source.spec(ErasureSpec)
    width = trainings.width_of(spec, options.width)
    kinds = trainings.optimizers_of(spec, options.optimizer)
    ends = trainings.ends(source, width)
    mine = tuple(each for each in ends if each.optimizer in kinds)
    picked, left_out = _picked(mine, options.rates == "all")
    two_level = trainings.two_level(source.run)
    courses = [course(source, each, rate, options.measure, best=best) for each, rate, best in picked]
    if options.twins and spec.twins:
        of_twins = {each.optimizer: each for each in trainings.ends(source, width, "none")}
        courses += [
            course(source, of_twins[each.optimizer], rate, options.measure, best=best) for each, rate, best in picked
        ]
    return StepsInfo(
        measure=options.measure,
        scale=_GREY if options.measure == "visibility" and not two_level else SCALES[options.measure],
        width=width,
        steps=spec.steps,
        two_level=two_level,
        ends=mine,
        courses=tuple(courses),
        left_out=left_out,
        match=match(source, ends),
        live=source.live,
    )


def _picked(ends: tuple[Ends, ...], every: bool) -> tuple[list[tuple[Ends, int, bool]], int]:
    """Which optimizers and rates are drawn, and how many are not: the best of each first, then in order of rates.

    While none has ended, the first rate stands for the best.
    """
    best = {each.optimizer: 0 if each.best is None else each.best for each in ends}
    first = [(each, best[each.optimizer], True) for each in ends]
    if not every:
        return first, 0
    rest = [(each, rate, False) for each in ends for rate in range(len(each.lrs)) if rate != best[each.optimizer]]
    if len(rest) > (room := max(0, MAX_LINES - len(first))):
        rest_of = np.linspace(0, len(rest) - 1, room).round().astype(int).tolist()
        chosen = [rest[i] for i in sorted(set(rest_of))]
    else:
        chosen = rest
    picked = sorted([*first, *chosen], key=lambda each: (ends.index(each[0]), each[0].lrs[each[1]]))
    return picked, len(rest) - len(chosen)


def finding(made: StepsInfo) -> list[Part]:
    """Where the marked courses end, what that means for the picture, and what is equal between two of them."""
    marked = [each for each in made.courses if each.marked]
    there = [each for each in marked if len(each.steps) and np.isfinite(each.values[-1]).any()]
    if not there:
        if any(each.lost for each in marked):
            return [Part("Every training shown diverged.")]
        return [Part("The first point appears when a network starts to train." if made.live
                     else "Nothing to show: no training here has a point.")]  # fmt: skip
    best = [each for each in there if each.best]
    rest = [each for each in there if not each.best]
    parts: list[Part] = []
    shown = (best + rest)[:_TOLD]
    for i, each in enumerate(shown):
        parts.append(Part(f"{'; ' if i else ''}{LOOKS[each.optimizer].phrase} at lr {lr_text(each.lr)}: "))
        parts.append(Part(f"{made.scale.word} {_told(made, each.values[-1])}", each.optimizer))
        if each.steps[-1] < made.steps:
            parts.append(Part(f" at step {words.count(int(each.steps[-1]))}"))
        elif not i:
            parts.append(Part(f" after {words.count(made.steps)} steps"))
        if not i and each.n > 1:
            parts.append(Part(f" over {each.n} replicates"))
        if made.measure == "visibility":
            parts.append(Part(f": {_fate(made, each)}"))
    # Sentences start with a capital, but names and measures do not all.
    parts[0] = Part(parts[0].text[0].upper() + parts[0].text[1:], parts[0].role)
    if len(there) > len(shown):
        parts.append(Part(f"; {len(there) - len(shown)} more in the plot"))
    if made.match and made.measure in ("visibility", "update_spectral", "update_frobenius", "movement"):
        parts += [Part("; "), *matched(made.match)]
    return [*parts, Part(".")]


def _fate(made: StepsInfo, each: Course) -> str:
    seen = float(level_lines.mean(each.values[-1]))
    return fate(seen, float(each.low[-1]), float(each.high[-1]), two_level=made.two_level)


def _told(made: StepsInfo, values: NDArray[np.float64]) -> str:
    """Mean and spread over replicates: with decimals or, on a log axis, with significant digits."""
    if not made.scale.log:
        return spread.mean_text(made.scale.factor * values, int(made.scale.form[1]), unit=made.scale.unit)
    finite = values[np.isfinite(values)]
    sd = spread.deviation(values)
    return words.significant(float(finite.mean()), 3) + ("" if math.isnan(sd) else f" ± {words.significant(sd, 2)}")


def foot(made: StepsInfo) -> str:
    """n, what is drawn, what diverged and what is awaited."""
    notes = [spread.n_text(np.array([each.n for each in made.courses]), "band = min to max")]
    if any(each.best and len(each.steps) for each in made.courses):
        notes.append("best learning rate = highest validation accuracy at the end")
    if made.measure == "visibility" and _null(made) is not None:
        notes.append("grey strip = 95 % of pictures with rows and columns permuted"
                     + (f"; erased = AUC up to {trainings.ERASED:.2f}" if made.two_level else ""))  # fmt: skip
    if any(not each.marked for each in made.courses):
        notes.append("thin dotted: twins without the picture")
    if made.left_out:
        notes.append(f"{made.left_out} lines omitted; choose an optimizer to see all of its rates")
    if lost := trainings.diverged_text(made.ends, _LABEL):
        notes.append(f"{lost}: ×")
    if made.live and (left := trainings.awaited(made.ends)):
        notes.append(f"{plural(left, 'training')} remaining")
    return " · ".join(notes)


def _alpha(made: StepsInfo, each: Course) -> float:
    """Lighter for smaller rates, so that those of one optimizer are told apart."""
    rates = sorted({other.lr for other in made.courses if other.optimizer == each.optimizer})
    return 1.0 if len(rates) == 1 else round(0.4 + 0.6 * rates.index(each.lr) / (len(rates) - 1), 2)


def _line(made: StepsInfo, each: Course) -> MeanLine:
    name = f"{LOOKS[each.optimizer].label} lr {lr_text(each.lr)}"
    if not each.marked:
        name += ", no picture"
    return MeanLine(
        each.optimizer,
        name,
        step_axis.place(each.steps),
        made.scale.factor * each.values,
        [f"{name}<br>step {step:,}" for step in each.steps.tolist()],
        "" if made.scale.log else f".{int(made.scale.form[1]) + 1}f",
        made.scale.unit,
        alpha=_alpha(made, each),
        dash="" if each.marked else "1px,3px",
        width=2.0 if each.marked else 1.3,
        marked=each.marked,
        part="mean" if each.marked else "twin",
    )


def _null(made: StepsInfo) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
    """Places of steps, and the mean null interval of the marked courses there; None before there is one."""
    marked = [each for each in made.courses if each.marked and len(each.steps)]
    if not marked:
        return None
    steps = np.unique(np.concatenate([each.steps for each in marked]))
    bounds = np.full((2, len(steps), len(marked)), np.nan)
    for j, each in enumerate(marked):
        bounds[:, np.searchsorted(steps, each.steps), j] = each.low, each.high
    low, high = level_lines.mean(bounds)
    there = np.isfinite(low) & np.isfinite(high)
    return (step_axis.place(steps)[there], low[there], high[there]) if there.any() else None


def _strip(made: StepsInfo) -> list[dict[str, Any]]:
    null = _null(made) if made.measure == "visibility" else None
    if null is None:
        return []
    x, low, high = null
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip",
            "meta": {"role": SOFT, "part": "null"}}  # fmt: skip
    return [{**edge, "y": low}, {**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(LOOKS[SOFT].color, 0.16)}]


def _lost(made: StepsInfo) -> list[dict[str, Any]]:
    """Diverged trainings of each optimizer in one trace: a thin line as far as measured, and a cross where it ended."""
    out = []
    for each in made.ends:
        x: list[float] = []
        y: list[float] = []
        size: list[int] = []
        text: list[str] = []
        for one in (c for c in made.courses if c.optimizer == each.optimizer and c.marked):
            for lost in one.lost:
                values = made.scale.factor * lost.values
                there = np.isfinite(values) & ((values > 0) | (not made.scale.log))
                if not there.any():
                    continue
                steps, values = lost.steps[there], values[there]
                end = float(values[-1])
                x += [*step_axis.place(steps).tolist(), float(step_axis.place(np.array([lost.diverged_step]))[0]),
                      math.nan]  # fmt: skip
                y += [*values.tolist(), end, math.nan]
                size += [*([0] * len(steps)), 10, 0]
                words_ = (f"{LOOKS[each.optimizer].label} lr {lr_text(one.lr)}, replicate {lost.replicate}<br>diverged "
                          f"at step {lost.diverged_step:,}; last measured at step {steps[-1]:,}")  # fmt: skip
                text += [words_] * (len(steps) + 1) + [""]
        if x:
            look = LOOKS[each.optimizer]
            out.append(
                {
                    "type": "scatter", "mode": "lines+markers", "name": look.label, "x": np.array(x), "y": np.array(y),
                    "text": text, "hovertemplate": "%{text}<extra></extra>",
                    "line": {"color": look.color, "width": 0.8, "dash": look.dash},
                    "marker": {"symbol": "x-thin", "size": size, "opacity": 1, "color": look.color,
                               "line": {"width": 1.8, "color": look.color}},
                    "meta": {"role": each.optimizer, "part": "diverged"},
                }
            )  # fmt: skip
    return out


def _range(made: StepsInfo, lines: list[MeanLine]) -> tuple[float, float]:
    values = np.concatenate([line.values.ravel() for line in lines]) if lines else np.zeros(0)
    values = values[np.isfinite(values)]
    if made.scale.log:
        return mean_lines.log_range(values)
    low, high = {"visibility": (0.45, 1.0) if made.two_level else (-0.05, 0.5), "movement": (0.0, 0.1)}.get(
        made.measure, (0.0, made.scale.factor)
    )
    low, high = min(low, float(values.min(initial=low))), max(high, float(values.max(initial=high)))
    room = 0.03 * (high - low)
    return (low - room if low < 0 or made.measure == "visibility" else low), high + room


def draw(made: StepsInfo) -> go.Figure:
    """The figure: a line for each training, the null strip below all."""
    lines = [_line(made, each) for each in made.courses]
    y_range = _range(made, lines)
    bands = len(lines) <= _BANDS
    data = [trace for line in reversed(lines)
            for trace in mean_lines.traces(line, band=bands and line.part == "mean", log_y=made.scale.log)]  # fmt: skip
    ends = [mean_lines.end(line, line.name) for line in lines if line.part == "mean"]
    name = {"visibility": "Visibility of the picture", "loss": "Loss"}.get(
        made.measure, made.scale.title.split(" (")[0]
    )
    return figure(
        [*_strip(made), *data, *_lost(made)],
        title=f"{name[0].upper()}{name[1:]} over steps",
        finding=finding(made),
        foot=foot(made),
        n=max((each.n for each in made.courses), default=0),
        xaxis=step_axis.step_axis(made.steps),
        yaxis=mean_lines.log_axis(made.scale.title, y_range) if made.scale.log
        else axis(made.scale.title, range=list(y_range)),
        annotations=mean_lines.annotations(ends, y_range, log_y=made.scale.log, gap=0.06),
        right=labels.margin([f"{LOOKS[each.optimizer].label} lr {lr_text(lr)}" for each in made.ends
                             for lr in each.lrs.tolist()]),
        hovermode="closest",
    )  # fmt: skip


def table(made: StepsInfo) -> dict[str, list[Any]]:
    """One row per training and step that is in a mean or was measured before it diverged."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("optimizer", "lr", "picture", "replicate", "diverged_step", "step", made.measure)
    }  # fmt: skip
    for each in made.courses:
        rows = [(j, None, each.steps, each.values[:, j]) for j in range(each.values.shape[1])]
        lost = [(one.replicate, one.diverged_step, one.steps, one.values) for one in each.lost]
        for replicate, diverged, steps, values in (*rows, *lost):
            finite = np.isfinite(values)
            for step, value in zip(steps[finite].tolist(), values[finite].tolist(), strict=True):
                row = (each.optimizer, each.lr, each.marked, replicate, diverged, step, value)
                for column, cell in zip(columns.values(), row, strict=True):
                    column.append(cell)
    return columns


ENTRY = FigureEntry(
    "erasure_over_steps",
    "Erasure over steps",
    "When does the picture fade, and how far has the matrix moved by then?",
    ("erasure", "ending"),
    StepsOptions,
    info,
    draw,
    table,
)
