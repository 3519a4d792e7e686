"""Which weights survive: the share still alive at each level, by how large they were at initialisation."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.tickets import MAX_LAYER_NAME
from app.masks.sums import strata_sizes
from app.plotting import level_lines, words
from app.plotting.entry import FigureEntry
from app.plotting.level_lines import Floats, Line
from app.plotting.replicates import mean
from app.plotting.source import Options, Source, Tensors
from app.plotting.style import figure
from app.plotting.tickets.pyramid_view import Layer, awaited, layers, saved, unknown
from app.plotting.words import Part
from app.records import Run

GROUPS = ("smallest fifth", "second fifth", "middle fifth", "fourth fifth", "largest fifth")
# From dotted to solid as the weights grow; the markers differ as well.
_DASHES = ("1.5px,3px", "3px,3px", "6px,3px", "11px,3px", "solid")
_SYMBOLS = ("triangle-down", "diamond", "square", "triangle-up", "circle")
_ALL = "all layers"
_LABELS = ("1st", "2nd", "3rd", "4th", "5th")


class SurvivalOptions(Options):
    """`layer` by name, None takes all together."""

    layer: str | None = Field(None, max_length=MAX_LAYER_NAME)


class SurvivalInfo(NamedTuple):
    """Shares in [0, 1] of weights alive, NaN where not saved. `alive` (n_levels, n_replicates) is of all.

    `groups` (5, n_levels, n_replicates) is of each fifth of the initial |w|, a layer's own fifths. `weights` counts
    them all.
    """

    title: str
    weights: int
    levels: NDArray[np.int64]
    replicates: NDArray[np.int64]
    alive: Floats
    groups: Floats
    planned_levels: int
    live: bool
    awaited: tuple[Part, ...]


def wanted(run: Run) -> bool:
    """Return whether there is anything to compare: several levels, or initial weights of imported masks."""
    return run.levels > 0 or "no initial weights" not in run.provenance.get("format", "")


def info(source: Source[SurvivalOptions]) -> SurvivalInfo:
    """Return the data of the figure, from the artifacts `pyramid` of all levels."""
    name = source.options.layer
    chosen = [layer for layer in layers(source) if name in (None, layer.name)]
    artifacts = saved(source) if chosen else {}
    levels = np.array(sorted(artifacts), dtype=np.int64)
    replicates = np.array(sorted({replicate for by in artifacts.values() for replicate in by}), dtype=np.int64)
    alive = np.full((len(levels), len(replicates)), np.nan)
    groups = np.full((len(GROUPS), *alive.shape), np.nan)
    weights = sum(layer.weights for layer in chosen)
    sizes = sum((_fifths(strata_sizes(layer.weights)) for layer in chosen), start=np.zeros(len(GROUPS)))
    for i, by in enumerate(artifacts.values()):
        for replicate, tensors in by.items():
            j = int(np.searchsorted(replicates, replicate))
            alive[i, j] = _sum(chosen, tensors, "rows").sum() / weights
            by_group = _sum(chosen, tensors, "strata")
            if by_group.size == len(sizes):
                np.divide(by_group, sizes, out=groups[:, i, j], where=sizes > 0)
    why = unknown(source, name) if name and not chosen else awaited(source)
    return SurvivalInfo(
        title=name or _ALL,
        weights=weights,
        levels=levels,
        replicates=replicates,
        alive=alive,
        groups=groups,
        planned_levels=source.run.levels,
        live=source.live,
        awaited=() if np.isfinite(alive).any() else why,
    )


def _fifths(strata: NDArray[Any]) -> Floats:
    """Return the sums of a hundred groups as those of five."""
    fifths: Floats = strata.reshape(len(GROUPS), -1).sum(axis=1).astype(np.float64)
    return fifths


def _sum(chosen: list[Layer], tensors: Tensors, kind: str) -> Floats:
    """Return the kept weights of the layers: in all from "rows", by fifth from "strata"; NaN unless all are there."""
    of_layers = [layer.sums(tensors, kind) for layer in chosen]
    totals = [_fifths(sums) if kind == "strata" else np.array([sums.sum(dtype=np.float64)])
            for sums in of_layers if sums is not None]  # fmt: skip
    return np.sum(totals, axis=0) if len(totals) == len(chosen) else np.array([np.nan])


def finding(info: SurvivalInfo) -> list[Part]:
    """Return how the largest and the smallest fifth fare at the last level that most replicates have reached."""
    if info.awaited:
        return list(info.awaited)
    shares = mean(info.alive)
    last = int(np.flatnonzero(np.isfinite(shares))[-1])
    at = level_lines.level_of_most(info.alive)
    if at < last and shares[at] == 1:  # others have diverged or have yet to come, but pruned weights there are
        at = last
    level, alive = int(info.levels[at]), float(shares[at])
    if level == 0 and alive == 1:
        return [Part(f"All {words.count(info.weights)} weights remain"
                     + ("; the first pruning is next." if info.live else ": no pruning took place."))]  # fmt: skip
    if alive == 0:
        return [Part(f"At level {level} {'no weights are' if info.title == _ALL else f'{info.title} has no weights'} "
                     "left.")]  # fmt: skip
    groups = info.groups[:, at]
    if not np.isfinite(groups).all(axis=0).any():
        return [Part(f"At level {level}, "), Part(words.density(alive), WINNING_TICKET),
                Part(" of the weights remain; whether the large ones survive is not known: no initial weights "
                     "were saved.")]  # fmt: skip
    means = mean(groups)
    return [
        Part("Of the largest fifth of the initial weights "), Part(words.density(float(means[-1])), WINNING_TICKET),
        Part(f" remain at level {level}, of the smallest "), Part(words.density(float(means[0])), WINNING_TICKET),
        Part(f", of all {words.density(alive)}: {_verdict(groups)}."),
    ]  # fmt: skip


def _verdict(groups: Floats) -> str:
    """Return what the shares of the fifths, (5, n_replicates), say of survival and initial magnitude."""
    steps = np.diff(mean(groups))
    there = groups[:, np.isfinite(groups).all(axis=0)]
    ends = there[-1] - there[0]
    if (ends > 0).all():
        return ("survival increases with the initial magnitude" if (steps >= 0).all()
                else "the largest survive more often than the smallest, but not monotonically")  # fmt: skip
    if (ends < 0).all():
        return ("survival decreases with the initial magnitude" if (steps <= 0).all()
                else "the smallest survive more often than the largest, but not monotonically")  # fmt: skip
    return "survival does not depend on the initial magnitude"


def draw(info: SurvivalInfo) -> go.Figure:
    """Return the figure: a line for each fifth that has weights, and the dotted one of all."""
    lines = [
        Line(name, label, share, dash, symbol)
        for name, label, share, dash, symbol in zip(GROUPS, _LABELS, info.groups, _DASHES, _SYMBOLS, strict=True)
        if np.isfinite(share).any()
    ]
    every = [level_lines.of_all(info.alive)._replace(name="all weights")] if len(info.levels) else []
    scale = level_lines.log_scale(np.concatenate([info.alive[None], info.groups]))
    foot = level_lines.foot(info.alive)
    if lines:
        foot += " · fifths of each layer's initial |w|, the 1st the smallest; if it did not matter, all would lie on "
        foot += "the dotted line"
    foot += level_lines.empty_note(scale)
    return figure(
        [trace for line in (*every, *lines) for trace in level_lines.traces(info.levels, line, scale)],
        title=f"Survival of weights, {info.title}",
        finding=finding(info),
        foot=foot,
        n=int(np.isfinite(info.alive).sum(axis=1).max(initial=0)),
        xaxis=level_lines.level_axis(info.planned_levels),
        yaxis=level_lines.log_axis("weights remaining (%)", scale),
        annotations=level_lines.names(info.levels, (*lines, *every), scale.range, scale),
        right=level_lines.MARGIN,
    )


def table(info: SurvivalInfo) -> dict[str, list[Any]]:
    """Return one row per group, level and replicate.

    Alive in [0, 1] of so many `weights`, for a fifth of a fifth of them.
    """
    names = ("all", *GROUPS)
    n_levels, n = info.alive.shape
    return {
        "initial_magnitude": [name for name in names for _ in range(n_levels * n)],
        "level": np.tile(np.repeat(info.levels, n), len(names)).tolist(),
        "replicate": np.tile(info.replicates, len(names) * n_levels).tolist(),
        "weights": [
            info.weights if name == "all" else info.weights / len(GROUPS) for name in names for _ in range(n_levels * n)
        ],
        "alive": [*info.alive.ravel().tolist(), *info.groups.ravel().tolist()],
    }


ENTRY = FigureEntry(
    "weight_survival",
    "Survival of weights",
    "Do initially large weights survive pruning?",
    (),
    SurvivalOptions,
    info,
    draw,
    table,
    artifacts=("pyramid",),
    wanted=wanted,
)
