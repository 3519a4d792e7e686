"""What tickets of several runs share on average, by what two of them have in common."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.masks.overlap import Overlaps
from app.plotting.compared import Cell, Sheet
from app.plotting.differences import seed_of
from app.plotting.tickets.overlap_matrix import MatrixInfo, number
from app.plotting.tickets.overlap_view import NAMES, PHRASES
from app.plotting.tickets.pair_means import INTERVAL, PairMean, pair_mean
from app.plotting.words import Part
from app.records import Run

RELATIONS = {
    "same_start": "different runs, same initial weights",
    "other_start": "different runs, other initial weights",
    "unknown_start": "different runs, initial weights not saved",
    "one_run": "replicates of one run",
}
"""What two tickets have in common, in the order of the table."""


class Relation(NamedTuple):
    """Means over the pairs of tickets of one relation: IoU, the IoU of chance, and overlap adjusted for chance."""

    key: str
    iou: PairMean
    chance: PairMean
    adjusted: PairMean


class Relations(NamedTuple):
    """Each relation that occurs, and the relation of each two of k tickets, (k, k)."""

    means: tuple[Relation, ...]
    of: tuple[tuple[str, ...], ...]


def relations(overlaps: Overlaps, matrix: MatrixInfo, runs: Sequence[Run]) -> Relations:
    """Return the means over all layers; replicates of one seed count once, since they share their data order."""
    refs, starts = overlaps.refs, overlaps.starts or (None,) * len(overlaps.refs)
    seeds = {run.id: seed_of(run) for run in runs}
    units = [(seeds[ref.run], ref.replicate) for ref in refs]
    of = [
        [_relation(one.run == other.run, start, begin) for other, begin in zip(refs, starts, strict=True)]
        for one, start in zip(refs, starts, strict=True)
    ]
    names = np.array(of)
    means = [
        Relation(key, *(pair_mean(values, names == key, units) for values in (matrix.iou, matrix.chance_iou,
                                                                            matrix.adjusted)))
        for key in RELATIONS
    ]  # fmt: skip
    return Relations(tuple(one for one in means if one.iou.pairs), tuple(map(tuple, of)))


def _relation(same_run: bool, one: str | None, other: str | None) -> str:
    if same_run:
        return "one_run"
    if one is None or other is None:
        return "unknown_start"
    return "same_start" if one == other else "other_start"


def finding(shared: Relations, matrix: MatrixInfo) -> list[Part]:
    """Return a sentence for each relation of different runs that chance is known for; none where all are nested."""
    parts: list[Part] = []
    if (matrix.nested | np.eye(len(matrix.tickets), dtype=bool)).all():
        return parts
    for one in shared.means:
        if one.key == "one_run" or not one.adjusted.pairs:
            continue
        start = RELATIONS[one.key].partition(", ")[2]
        verb = "has an" if one.iou.pairs == 1 else "have a mean"
        parts += [
            Part(f"{' ' if parts else ''}Of different runs, {start}: {plural(one.iou.pairs, 'pair')} of tickets {verb}"
                 " IoU of "),
            Part(number(one.iou.mean, 3), WINNING_TICKET), Part(f" ({_spread(one.iou)})"),
            Part(f", where {PHRASES[matrix.null]} would have {number(one.chance.mean, 3)}: adjusted overlap "),
            Part(number(one.adjusted.mean, 3), WINNING_TICKET), Part(f" ({_ends(one.adjusted)})."),
        ]  # fmt: skip
    return [*parts, Part(" 0 is chance and 1 is nested.")] if parts else []


def _spread(mean: PairMean) -> str:
    interval = _ends(mean) if mean.low != mean.low else f"95 % interval {_ends(mean)}"
    return f"{interval}, n = {plural(mean.n, 'replicate')}"


def _ends(mean: PairMean) -> str:
    return "no interval" if mean.low != mean.low else f"{number(mean.low, 3)} to {number(mean.high, 3)}"


def sheet(shared: Relations, matrix: MatrixInfo) -> Sheet | None:
    """Return the table under the figure: a row for each relation."""
    if not shared.means:
        return None
    rows = tuple(
        ("", RELATIONS[one.key].capitalize(), (Cell(str(one.iou.pairs)), _cell(one.iou),
                                               Cell(number(one.chance.mean, 3)), _cell(one.adjusted)))
        for one in shared.means
    )  # fmt: skip
    caption = f"Mean overlap of two tickets with 95 % intervals, chance: {NAMES[matrix.null]}"
    return Sheet(caption, ("pairs", "IoU", "IoU by chance", "adjusted overlap"), rows, "Two tickets of")


def _cell(mean: PairMean) -> Cell:
    return Cell(number(mean.mean, 3), f"{_ends(mean)}, n = {mean.n}") if mean.pairs else Cell("–")


def columns(shared: Relations) -> dict[str, list[Any]]:
    """Return the relation of each two tickets, each with itself too, and the means of that relation."""
    k = len(shared.of)
    by_key = {one.key: one for one in shared.means}
    nothing = pair_mean(np.zeros((0, 0)), np.zeros((0, 0), bool), ())
    keys = ["" if i == j else shared.of[i][j] for i, j in zip(*np.triu_indices(k), strict=True)]
    table: dict[str, list[Any]] = {"relation": list(keys)}
    for name in ("iou", "adjusted"):
        means = [getattr(by_key[key], name) if key in by_key else nothing for key in keys]
        table[f"mean_{name}"] = [mean.mean for mean in means]
        table[f"mean_{name}_low"] = [mean.low for mean in means]
        table[f"mean_{name}_high"] = [mean.high for mean in means]
        table[f"mean_{name}_n"] = [mean.n for mean in means]
        table[f"mean_{name}_pairs"] = [mean.pairs for mean in means]
    table["mean_chance_iou"] = [by_key[key].chance.mean if key in by_key else float("nan") for key in keys]
    table["interval"] = [INTERVAL if key else "" for key in keys]
    return table
