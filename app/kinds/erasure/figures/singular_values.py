"""Singular values of the matrix with the picture, at each moment of one training: from paper, at the start, to ink."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.words import plural
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.one_training import TrainingChoice, chosen
from app.kinds.erasure.spec import ErasureSpec
from app.plotting import labels, mean_lines, spread, words
from app.plotting.density_curves import rgba
from app.plotting.entry import FigureEntry
from app.plotting.labels import End
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.plotting.style import DENSE, LOOKS, axis, figure
from app.plotting.words import Part, brief

Floats = NDArray[np.float64]
# A least singular value below this share of the next would flatten all others, and is left below the axis.
_FALL = 0.5


class SpectrumInfo(NamedTuple):
    """`values` is (n_steps, n_shares, n_replicates): singular values by share of the rank, 0 the largest, 1 the least.

    `asked` is False where the optimizer was not trained at this rate. `diverged` counts replicates that are not in it.
    If all diverged (`all_diverged`), `values` has what they had before.
    """

    optimizer: str
    lr: float
    width: int
    steps: int
    observed_steps: NDArray[np.int64]
    shares: Floats
    values: Floats
    replicates: tuple[int, ...]
    asked: bool
    diverged: int
    all_diverged: bool
    live: bool


def info(source: Source[TrainingChoice]) -> SpectrumInfo:
    """Return the data of the figure, from the series `spectrum`."""
    options, spec = source.options, source.spec(ErasureSpec)
    width = trainings.width_of(spec, options.width)
    optimizer = trainings.optimizers_of(spec, options.optimizer)[0]
    choice = chosen(source, "spectrum", optimizer, options.lr, width)
    observed_steps, shares, values = np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 0, len(choice.replicates)))
    if choice.rows is not None:
        rows = choice.rows.where(np.isin(choice.rows["replicate"], choice.replicates))
        observed_steps, i = np.unique(rows["step"].astype(np.int64), return_inverse=True)
        shares, j = np.unique(rows["share"], return_inverse=True)
        k = np.searchsorted(np.array(choice.replicates), rows["replicate"])
        values = np.full((len(observed_steps), len(shares), len(choice.replicates)), np.nan)
        values[i, j, k] = rows["value"]
        # A moment that not all have reached would compare different replicates.
        whole: NDArray[np.bool_] = np.all(np.isfinite(values).any(axis=1), axis=1)
        observed_steps, values = observed_steps[whole], values[whole]
    return SpectrumInfo(
        optimizer=optimizer,
        lr=choice.lr,
        width=width,
        steps=spec.steps,
        observed_steps=observed_steps,
        shares=shares,
        values=values,
        replicates=choice.replicates,
        asked=choice.rate is not None,
        diverged=0 if choice.rate is None else int(np.isfinite(choice.ends.diverged[choice.rate]).sum()),
        all_diverged=choice.all_diverged,
        live=source.live,
    )


def _who(info: SpectrumInfo) -> str:
    name = LOOKS[info.optimizer].phrase
    return f"{name[0].upper()}{name[1:]} at lr {brief(info.lr)}"


def finding(info: SpectrumInfo) -> list[Part]:
    """Return how the largest and the median singular value have changed since step 0."""
    if not info.asked:
        return [Part(f"{LOOKS[info.optimizer].phrase} was not trained at lr {brief(info.lr)}.")]
    if len(info.observed_steps) == 0:
        return [Part("The first line appears when this network starts to train." if info.live
                     else "Nothing to show: this network was not trained.")]  # fmt: skip
    first, last = info.values[0], info.values[-1]
    step = int(info.observed_steps[-1])
    if step == 0:
        return [Part(f"{_who(info)}: the largest singular value is "), Part(_text(first[0]), info.optimizer),
                Part(" before the first step.")]  # fmt: skip
    half = int(np.argmin(np.abs(info.shares - 0.5)))
    over = f" over {first.shape[1]} replicates" if first.shape[1] > 1 else ""
    end = f" Every replicate diverged later: this is step {words.count(step)}." if info.all_diverged else ""
    return [
        Part(f"{_who(info)}, step 0 to {words.count(step)}{over}: the largest singular value goes from "
             f"{_text(first[0])} to "), Part(_text(last[0]), info.optimizer),
        Part(f", the one in the middle from {_text(first[half])} to "), Part(_text(last[half]), info.optimizer),
        Part(f".{end}"),
    ]  # fmt: skip


def _text(values: Floats) -> str:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "not finite"
    sd = spread.deviation(values)
    return words.significant(float(finite.mean())) + ("" if np.isnan(sd) else f" ± {words.significant(sd, 2)}")


def foot(info: SpectrumInfo) -> str:
    """Return n, what the lines are, and what is not in them."""
    n = info.values.shape[2] if len(info.observed_steps) else 0
    notes = [spread.n_text(np.array([n]))]
    if n:
        notes.append("one line per recorded step, fainter = earlier · dotted: step 0")
    if n and not _above(mean(info.values)).all():
        notes.append("the smallest value lies below the axis")
    if info.diverged and not info.all_diverged:
        notes.append(f"{plural(info.diverged, 'replicate')} diverged, not in the mean")
    if info.live and len(info.observed_steps) and info.observed_steps[-1] < info.steps:
        notes.append(f"still training, {words.count(info.steps)} steps in all")
    return " · ".join(notes)


def _above(means: Floats) -> NDArray[np.bool_]:
    """Return which shares of the rank, of (n_steps, n_shares), the axis reaches down to: all, or all but the least."""
    above = np.ones(means.shape[1], bool)
    if means.shape[1] > 2 and (means[:, -1] < _FALL * means[:, -2]).any():
        above[-1] = False
    return above


def draw(info: SpectrumInfo) -> go.Figure:
    """Draw the figure: shares of the rank to the right, values upwards on a log axis."""
    means = mean(info.values) if len(info.observed_steps) else np.zeros((0, 0))
    above = _above(means)
    y_range = mean_lines.log_range(means[:, above])
    x = 100 * info.shares
    data, ends = [], []
    for i, (step, values) in enumerate(zip(info.observed_steps.tolist(), means, strict=True)):
        late = i / max(1, len(means) - 1)
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": f"step {step:,}", "x": x,
                "y": np.where(values > 0, values, np.nan), "hovertemplate": "%{text}",
                "text": [words.significant(value) for value in values.tolist()],
                "line": {"color": rgba(LOOKS[DENSE].color, round(0.2 + 0.8 * late, 2)), "width": 1.2 + late,
                         "dash": "2px,2.5px" if step == 0 else "solid"},
                "meta": {"role": DENSE, "part": "mean"},
            }
        )  # fmt: skip
        positive = np.flatnonzero((values > 0) & above)
        if i in (0, len(means) - 1) and len(positive):
            ends.append(End(DENSE, f"step {step:,}", float(x[-1]), float(values[positive[-1]])))
    return figure(
        data,
        title=f"Singular values, {LOOKS[info.optimizer].label} at lr {brief(info.lr)}",
        finding=finding(info),
        foot=foot(info),
        n=info.values.shape[2] if len(info.observed_steps) else 0,
        xaxis=axis("index of the singular value (% of the rank), largest first", range=[-1, 101], ticksuffix=" %",
                   unifiedhovertitle={"text": "%{x:.0f} % of the rank"}),
        yaxis=mean_lines.log_axis("singular value of W", y_range),
        annotations=mean_lines.annotations(ends, y_range, log_y=True),
        right=labels.margin([f"step {info.steps:,}"]),
    )  # fmt: skip


def table(info: SpectrumInfo) -> dict[str, list[Any]]:
    """Return one row per replicate, step and share of the rank."""
    n_steps, n_shares, n = info.values.shape
    return {
        "optimizer": [info.optimizer] * info.values.size,
        "lr": [info.lr] * info.values.size,
        "step": np.repeat(info.observed_steps, n_shares * n).tolist(),
        "share": np.tile(np.repeat(info.shares, n), n_steps).tolist(),
        "replicate": list(info.replicates) * (n_steps * n_shares),
        "value": info.values.ravel().tolist(),
    }


ENTRY = FigureEntry(
    "singular_values",
    "Singular values",
    "Does training change all directions of the matrix, or only a few?",
    ("spectrum", "ending"),
    TrainingChoice,
    info,
    draw,
    table,
)
