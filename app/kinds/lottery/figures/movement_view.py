"""What the three views of weight movement share: their options, whose weights they show, and pooling."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.tickets import MAX_LAYER_NAME
from app.plotting.source import Options, Source
from app.plotting.words import Part
from app.records import Series

Floats = NDArray[np.float64]


class MovementOptions(Options):
    """`level` for the views of one level; `layer` by name, None pools all; `view` picks the picture."""

    level: int = Field(0, ge=0, le=1_000)
    layer: str | None = Field(None, max_length=MAX_LAYER_NAME)
    view: Literal["histogram", "scatter", "by_level"] = "histogram"


class Chosen(NamedTuple):
    """Indices and names of the layers shown; `unknown` names a layer that the network does not have."""

    indices: tuple[int, ...]
    names: tuple[str, ...]
    title: str
    unknown: str | None


class Moved(NamedTuple):
    """Means over the chosen layers' weights, (n_levels, n_replicates), NaN where not measured or a group is empty.

    `move_*` is mean |Δw|, `flips_*` the share in [0, 1] of weights that changed sign. `init_*` and `trained_*` are mean
    |w| before and after. Kept weights survive the next pruning.
    """

    levels: NDArray[np.int64]
    replicates: NDArray[np.int64]
    move_kept: Floats
    move_pruned: Floats
    flips_kept: Floats
    flips_pruned: Floats
    init_kept: Floats
    trained_kept: Floats


def chosen(source: Source[MovementOptions]) -> Chosen:
    """Return the layers that the options name."""
    names, layer = source.layers, source.options.layer
    if layer is None:
        return Chosen(tuple(range(len(names))), names, "all layers", None)
    if layer in names:
        return Chosen((names.index(layer),), (layer,), layer, None)
    known = f"This network has the layers {', '.join(names)}." if names else "Its layers are not known yet."
    return Chosen((), (), layer, f"No layer is named {layer!r}. {known}" if names else known)


def moved(rows: Series | None, layers: tuple[int, ...]) -> Moved:
    """Return the series `movement` over those layers, each weight counting once."""
    if rows is not None:
        rows = rows.where(np.isin(rows["layer"], layers) & (rows.controls == WINNING_TICKET))
    if rows is None or not len(rows):
        none, empty = np.zeros(0, dtype=np.int64), np.zeros((0, 0))
        return Moved(none, none, empty, empty, empty, empty, empty, empty)
    levels, i = np.unique(rows["level"], return_inverse=True)
    replicates, j = np.unique(rows["replicate"], return_inverse=True)
    kept, pruned = rows["kept"], rows["alive"] - rows["kept"]

    def mean(column: str, weight: Floats) -> Floats:
        # An empty group's NaN weighs nothing; any other NaN is a diverged training and stays one.
        value = np.where(weight > 0, rows[column], 0.0)
        sums, counts = np.zeros((2, len(levels), len(replicates)))
        np.add.at(sums, (i, j), value * weight)
        np.add.at(counts, (i, j), weight)
        means: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
        return means

    return Moved(
        levels,
        replicates,
        mean("mean_abs_move_kept", kept),
        mean("mean_abs_move_pruned", pruned),
        mean("sign_flips_kept", kept),
        mean("sign_flips_pruned", pruned),
        mean("mean_abs_init_kept", kept),
        mean("mean_abs_trained_kept", kept),
    )


def level_mean(movement: Moved, values: Floats, level: int) -> tuple[float, int]:
    """Return the mean over replicates at a level and the number of them; NaN and 0 without any."""
    row = values[movement.levels == level]
    finite = row[np.isfinite(row)]
    return (math.fsum(finite) / len(finite), len(finite)) if len(finite) else (math.nan, 0)


def shares(old: NDArray[Any], new: NDArray[Any]) -> Floats:
    """Return (n_new, n_old): the share of each old bin that falls into each new one; both are rising edges."""
    low = np.maximum(old[:-1], new[:-1, None])
    high = np.minimum(old[1:], new[1:, None])
    share: Floats = np.clip(high - low, 0, None) / np.diff(old)
    return share


def awaited(source: Source[MovementOptions], which: Chosen, level: int | None) -> list[Part]:
    """Return what an empty view waits for, or why it stays empty."""
    if which.unknown:
        return [Part(which.unknown)]
    network = "the dense network" if not level else f"the ticket of level {level}"
    if source.live:
        return [Part(f"Movement is measured when {network} is trained.")]
    return [Part(f"Nothing to show: no movement of {network} was measured.")]
