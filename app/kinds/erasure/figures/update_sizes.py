"""Sizes of the entries of one update, optimizer by optimizer: a dense update moves every weight, a sparse one few."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.words import plural
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.one_training import TrainingChoice, chosen
from app.kinds.erasure.key import Cell
from app.kinds.erasure.spec import ErasureSpec
from app.plotting import labels, mean_lines, spread, words
from app.plotting.entry import FigureEntry
from app.plotting.mean_lines import MeanLine
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.plotting.style import LOOKS, axis, figure
from app.plotting.words import Part, brief

Floats = NDArray[np.float64]
BIN = 0.25
"""Width of a bin, in powers of ten."""
_TOLD = 5
# Per cent: bins with less lie beyond the ends of the axis.
_LEAST = 0.1


class SizesOptions(TrainingChoice):
    """`optimizer` None shows all, each at its best rate; `step` None the last that all of these have reached."""

    optimizer: str | None = Field(None, max_length=40, json_schema_extra={"none": "all"})
    step: int | None = Field(None, ge=1, le=100_000, json_schema_extra={"none": "last"})


class Sizes(NamedTuple):
    """One optimizer's update: `shares` of entries in each bin, (n_bins, n_replicates), by `log10_size` at its centre.

    `stable_rank` is that of the same update, (n_replicates,), NaN where it is not known.
    """

    optimizer: str
    lr: float
    replicates: tuple[int, ...]
    log10_size: Floats
    shares: Floats
    stable_rank: Floats

    @property
    def median(self) -> Floats:
        """Return the size that half of the entries exceed, (n_replicates,).

        Within its bin by linear interpolation; 0 where half of them are 0.
        """
        above = np.cumsum(self.shares[::-1], axis=0)[::-1]
        array = np.zeros(self.shares.shape[1])
        for j in range(len(array)):
            enough = np.flatnonzero(above[:, j] >= 0.5)
            if len(enough):
                i = int(enough[-1])
                part = (above[i, j] - 0.5) / self.shares[i, j] if self.shares[i, j] else 0.0
                array[j] = 10 ** (self.log10_size[i] + BIN * (part - 0.5))
        return array


class SizesInfo(NamedTuple):
    """Updates at `step`, None before there is one; `absent` are optimizers that were not trained at the chosen rate."""

    step: int | None
    steps: int
    width: int
    sizes: tuple[Sizes, ...]
    planned: tuple[str, ...]
    absent: tuple[str, ...]
    diverged: int
    live: bool


def info(source: Source[SizesOptions]) -> SizesInfo:
    """Return the data of the figure, from the series `update_sizes`, and `erasure` for the stable rank."""
    options, spec = source.options, source.spec(ErasureSpec)
    width = trainings.width_of(spec, options.width)
    kinds = trainings.optimizers_of(spec, options.optimizer)
    choices = [chosen(source, "update_sizes", kind, options.lr, width) for kind in kinds]
    there = [item for item in choices if item.rows is not None and not item.all_diverged]
    step = options.step
    if step is None and there:
        reached = [set.intersection(*(
            set(item.rows["step"][item.rows["replicate"] == r].tolist()) for r in item.replicates
        )) for item in there if item.rows is not None]  # fmt: skip
        common = set.intersection(*reached)
        step = int(max(common)) if common else None
    sizes = []
    for choice in there:
        if choice.rows is None or step is None:
            continue
        rows = choice.rows.where((choice.rows["step"] == step) & np.isin(choice.rows["replicate"], choice.replicates))
        if not len(rows):
            continue
        replicates = tuple(np.unique(rows["replicate"]).tolist())
        bins = np.floor(rows["log10_size"] / BIN).astype(int)
        first = int(bins.min())
        shares = np.zeros((int(bins.max()) - first + 1, len(replicates)))
        shares[bins - first, np.searchsorted(replicates, rows["replicate"])] = rows["share"]
        sizes.append(
            Sizes(
                optimizer=choice.ends.optimizer,
                lr=choice.lr,
                replicates=replicates,
                log10_size=BIN * (np.arange(len(shares), dtype=np.float64) + first + 0.5),
                shares=shares,
                stable_rank=_stable_rank(source, choice.ends.cell(choice.rate or 0), step, replicates),
            )
        )
    return SizesInfo(
        step=step,
        steps=spec.steps,
        width=width,
        sizes=tuple(sizes),
        planned=kinds,
        absent=tuple(item.ends.optimizer for item in choices if item.rate is None),
        diverged=sum(item.all_diverged for item in choices),
        live=source.live,
    )


def _stable_rank(source: Source[SizesOptions], cell: Cell, step: int, replicates: tuple[int, ...]) -> Floats:
    array: Floats = np.full(len(replicates), np.nan)
    rows = source.rows("erasure")
    if rows is not None:
        mine = trainings.at(rows, cell)
        mine = mine.where((mine["step"] == step) & np.isin(mine["replicate"], replicates))
        array[np.searchsorted(replicates, mine["replicate"])] = mine["update_stable_rank"]
    return array


def finding(info: SizesInfo) -> list[Part]:
    """Return the median size of each optimizer's entries, and over how many directions they are spread."""
    if not info.sizes:
        if info.absent:
            names = ", ".join(LOOKS[name].label for name in info.absent)
            return [Part(f"Not trained at this learning rate: {names}.")]
        if info.step is not None:
            return [Part(f"No update of step {words.count(info.step)} was recorded (yet).")]
        return [Part("The first line appears when a network has taken a step." if info.live
                     else "Nothing to show: no network completed a step.")]  # fmt: skip
    parts = [Part(f"The median size of the entries of the update at step {words.count(info.step or 0)} is ")]
    shown = sorted(info.sizes, key=lambda size: -float(size.median.mean()))[:_TOLD]
    for i, sizes in enumerate(shown):
        zero = "" if sizes.median.any() else ", more than half being exactly that,"
        parts += [Part("; " if i else ""), Part(spread.power_text(sizes.median), sizes.optimizer),
                  Part(f"{zero} for {LOOKS[sizes.optimizer].phrase} at lr {brief(sizes.lr)}")]  # fmt: skip
        if np.isfinite(sizes.stable_rank).any():
            rank = float(np.nanmean(sizes.stable_rank))
            parts.append(Part(f" (stable rank {words.significant(rank, 2 if rank < 10 else 3)})"))
    return [*parts, Part(words.ending(len(info.sizes) - _TOLD, "optimizer"))]


def foot(info: SizesInfo) -> str:
    """Return n, what a point is, and what is not drawn."""
    notes = [spread.n_text(np.array([len(size.replicates) for size in info.sizes], int), "band = min to max")]
    if info.sizes:
        notes.append("percentage of entries in bins of a quarter of a decade; zeros are not shown")
    if info.absent and info.sizes:
        notes.append(f"not trained at this learning rate: {', '.join(LOOKS[name].label for name in info.absent)}")
    if info.diverged:
        notes.append(f"{plural(info.diverged, 'optimizer')} diverged at this learning rate")
    if info.live and info.step is not None and info.step < info.steps:
        notes.append(f"still training, {words.count(info.steps)} steps in all")
    return " · ".join(notes)


def _line(sizes: Sizes) -> MeanLine:
    # A bin that nothing fell into ends the line on both sides.
    size = np.concatenate([[sizes.log10_size[0] - BIN], sizes.log10_size, [sizes.log10_size[-1] + BIN]])
    nothing = np.zeros((1, sizes.shares.shape[1]))
    shares = np.concatenate([nothing, sizes.shares, nothing])
    name = f"{LOOKS[sizes.optimizer].label} lr {brief(sizes.lr)}"
    return MeanLine(
        sizes.optimizer, name, 10**size, 100 * shares, [f"{name}<br>|entry| about {10**s:.1e}" for s in size.tolist()],
        ".1f", " %", marked=False,
    )  # fmt: skip


def _reach(lines: list[MeanLine]) -> tuple[float, float]:
    """Return the ends of the axis in powers of ten: where any line has a thousandth of its entries."""
    if not lines:
        return -7.0, 0.0
    there = [np.log10(line.x[mean(line.values) >= _LEAST]) for line in lines]
    x = np.concatenate([item for item in there if len(item)] or [np.log10(lines[0].x)])
    return float(x.min()) - BIN, float(x.max()) + BIN


def draw(info: SizesInfo) -> go.Figure:
    """Draw the figure: a line for each optimizer, named at its peak."""
    lines = [_line(size) for size in info.sizes]
    top = max((float(mean(line.values).max()) for line in lines), default=0.0)
    y_range = (0.0, max(10.0, 1.18 * top))
    x_range = _reach(lines)
    ends = []
    for line in lines:
        peak = int(np.argmax(mean(line.values)))
        ends.append(labels.End(line.role, line.name, float(line.x[peak]), float(mean(line.values)[peak])))
    return figure(
        [trace for line in reversed(lines) for trace in mean_lines.traces(line)],
        title="Entry sizes of one update",
        finding=finding(info),
        foot=foot(info),
        n=max((len(size.replicates) for size in info.sizes), default=0),
        xaxis=mean_lines.log_axis("|entry| of the update", x_range),
        yaxis=axis("entries (%)", range=list(y_range)),
        annotations=mean_lines.above(ends, x_range, y_range, log_x=True),
        hovermode="closest",
    )  # fmt: skip


def table(info: SizesInfo) -> dict[str, list[Any]]:
    """Return one row per optimizer, bin and replicate.

    `share` is that of the entries in [0, 1]; `median` and rank are of all of them.
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("optimizer", "lr", "step", "log10_size", "replicate", "share", "median", "stable_rank")
    }  # fmt: skip
    for sizes in info.sizes:
        for i, size in enumerate(sizes.log10_size.tolist()):
            for j, replicate in enumerate(sizes.replicates):
                row = (sizes.optimizer, sizes.lr, info.step, size, replicate, float(sizes.shares[i, j]),
                       float(sizes.median[j]), float(sizes.stable_rank[j]))  # fmt: skip
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(value)
    return columns


ENTRY = FigureEntry(
    "update_sizes",
    "Entry sizes of updates",
    "Does a step change every weight a little, or a few weights a lot?",
    ("update_sizes", "erasure", "ending"),
    SizesOptions,
    info,
    draw,
    table,
)
