"""What sentences work out of a table beyond means over replicates: by figure, with the reason.

A figure that is not listed may say only what is drawn or in its table.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

Rows: TypeAlias = list[dict[str, Any]]
Derive: TypeAlias = Callable[[Rows], Iterator[float]]


def layers_together(rows: Rows) -> Iterator[float]:
    """Kept weights and all weights of all layers, and their ratio."""
    sums: dict[tuple[float, float], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        if "kept" in row:
            both = sums[row["level"], row["replicate"]]
            both[0], both[1] = both[0] + row["kept"], both[1] + row["weights"]
    levels: dict[float, list[list[float]]] = defaultdict(list)
    for (level, _), both in sums.items():
        levels[level].append(both)
    for of_level in levels.values():
        kept, weights = np.mean(of_level, axis=0)
        yield from (kept, weights, kept / weights)


def ratio_of_groups(rows: Rows) -> Iterator[float]:
    """How many times as far survivors moved."""
    kept, pruned = (rows[0].get(f"mean_abs_move_{group}") for group in ("kept", "pruned"))
    if kept and pruned:
        yield kept / pruned


def units(rows: Rows) -> Iterator[float]:
    """How many units there are, and their spread against that of random masks."""
    side = next(name for name in ("inputs", "units") if name in rows[0])
    by_replicate: dict[float, float] = defaultdict(float)
    for row in rows:
        by_replicate[row["replicate"]] += row[side]
    yield from by_replicate.values()
    deviations = {row["replicate"]: row["standard_deviation"] for row in rows}
    if rows[0].get("random_standard_deviation"):
        yield float(np.mean(list(deviations.values()))) / rows[0]["random_standard_deviation"]
    yield 0.1  # "fewer than 0.1"


def border_and_middle(rows: Rows) -> Iterator[float]:
    """Means over the outer eighth and the inner half of the last picture, of all replicates and of each."""
    last = [row for row in rows if row["level"] == rows[-1]["level"] and row["channel"] == 0]
    shape = [int(max(row[axis] for row in last)) + 1 for axis in ("row", "column")]
    for name in ["kept_relative_to_chance", *(name for name in last[0] if name.startswith("last_level_"))]:
        picture = np.array([row.get(name, np.nan) for row in last]).reshape(shape)
        y, x = (max(1, side // 8) for side in shape)
        edge = np.ones(shape, bool)
        edge[y : shape[0] - y, x : shape[1] - x] = False
        yield float(picture[edge].mean())
        yield float(picture[tuple(slice(side // 4, side - side // 4) for side in shape)].mean())


def regrown(rows: Rows) -> Iterator[float]:
    """Regrown weights, of all replicates together."""
    together = [row.get("regrown", 0.0) for row in rows if row["layer"] == "all layers"]
    yield float(np.sum(together)) / len({row["replicate"] for row in rows})


def free_pairs(rows: Rows) -> Iterator[float]:
    """How many tickets and pairs there are, of which kinds, and means over those that are not nested."""
    yield float(len({row["a"] for row in rows} | {row["b"] for row in rows}))
    pairs = [row for row in rows if row["a"] != row["b"]]
    free = [row for row in pairs if not row["nested"] and "adjusted" in row]
    yield from (float(len(free)), float(sum(row["nested"] - row["same"] for row in pairs)))
    yield float(sum(row["same"] for row in pairs))
    for name in ("iou", "expected_iou", "adjusted"):
        if free:
            yield float(np.mean([row[name] for row in free]))


def replicates(rows: Rows) -> Iterator[float]:
    """How many replicates there are."""
    yield float(len({row["replicate"] for row in rows}))


def break_evens(rows: Rows) -> Iterator[float]:
    """Densities at which the mean speed-up passes 1, on straight lines in log-log."""
    for name in {row["format"] for row in rows}:
        by_density: dict[float, list[float]] = defaultdict(list)
        for row in rows:
            if row["format"] == name and "speedup" in row:
                by_density[row["density"]].append(row["speedup"])
        points = [(np.log(x), np.log(np.mean(values))) for x, values in sorted(by_density.items())]
        for (x0, y0), (x1, y1) in pairwise(points):
            if y0 * y1 < 0:
                yield float(np.exp(x0 - y0 * (x1 - x0) / (y1 - y0)))


def diverged(rows: Rows) -> Iterator[float]:
    """How many trainings there are, and how many diverged."""
    trainings = {(row["control"], row.get("replicate"), row.get("draw")): row.get("diverged_step") for row in rows}
    yield from (float(len(trainings)), float(sum(step is not None for step in trainings.values())))


DERIVED: Mapping[str, tuple[Derive, str]] = {
    "layer_density": (layers_together, "the sentence is of all layers, the table of each"),
    "weight_movement": (ratio_of_groups, "the sentence compares the two means of the table"),
    "degree_histogram": (units, "the sentence counts the units of all bins"),
    "input_density": (border_and_middle, "the sentence is of two regions, the table of each cell"),
    "mask_distance": (regrown, "the sentence adds up levels, the table has each"),
    "overlap_matrix": (free_pairs, "the sentence is the mean over pairs, the table has each"),
    "singular_values": (replicates, "the sentence says over how many replicates"),
    "erasure_over_steps": (replicates, "the sentence says over how many replicates"),
    "stable_rank_vs_width": (replicates, "the sentence says over how many replicates"),
    "speedup_vs_density": (break_evens, "the sentence says where curves cross 1"),
    "training_curves": (diverged, "the sentence counts trainings"),
}
