"""The trainings of an erasure run as arrays: by optimizer, learning rate and replicate; a diverged one has no end."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.contract.experiment import FieldError
from app.kinds.erasure.key import Cell, Image
from app.kinds.erasure.spec import ErasureSpec
from app.plotting import words
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.records import Run, Series

Floats = NDArray[np.float64]

ERASED = 0.55
"""An AUC up to this, and down to as much below one half, is called erased (docs/protocol.md)."""


class Ends(NamedTuple):
    """How the trainings of one optimizer ended at one width, with one image: each array is (n_lrs, n_replicates).

    `values` are by name of the series `ending`, NaN where a training has not ended or diverged. `ended` marks those
    that have ended. `diverged` is the step at which one did, NaN where it did not.
    """

    width: int
    image: Image
    optimizer: str
    lrs: Floats
    ended: NDArray[np.bool_]
    diverged: Floats
    values: Mapping[str, Floats]

    def cell(self, rate: int) -> Cell:
        """Return the key of the trainings at one of the learning rates."""
        return Cell(self.width, self.image, self.optimizer, float(self.lrs[rate]))

    @property
    def best(self) -> int | None:
        """Return the index of the learning rate of highest mean validation accuracy, where no training has diverged.

        If at each some have, of all; None before any has ended. The test split decides nothing.
        """
        accuracy = mean(self.values["validation_accuracy"])
        whole = np.where(np.isfinite(self.diverged).any(axis=1), np.nan, accuracy)
        for scores in (whole, accuracy):
            if np.isfinite(scores).any():
                return int(np.nanargmax(scores))
        return None


_ENDING = (
    "visibility", "null_low", "null_high", "validation_accuracy", "train_accuracy", "test_accuracy",
)  # fmt: skip


def width_of(spec: ErasureSpec, width: int | None) -> int:
    """Return the chosen width; the first for None. Raises FieldError for one that the run does not have."""
    if width is None:
        return spec.widths[0]
    if width not in spec.widths:
        raise FieldError("width", f"must be one of {', '.join(map(str, spec.widths))}")
    return width


def optimizers_of(spec: ErasureSpec, optimizer: str | None) -> tuple[str, ...]:
    """Return the chosen optimizer; all for None. Raises FieldError for one that the run does not have."""
    kinds = tuple(grid.kind for grid in spec.optimizers)
    if optimizer is None:
        return kinds
    if optimizer not in kinds:
        raise FieldError("optimizer", f"must be one of {', '.join(kinds)}")
    return (optimizer,)


def two_level(run: Run) -> bool:
    """Return whether the picture is ink on paper, so that visibility is an AUC.

    Of a grey one it is a rank correlation.
    """
    return bool(run.provenance.get("picture", {}).get("two_level", True))


def at(rows: Series, cell: Cell) -> Series:
    """Return the rows of one training in every replicate."""
    return rows.where(np.logical_and.reduce([rows[name] == value for name, value in cell._asdict().items()]))


def replicates_of(rows: Series | None, spec: ErasureSpec) -> int:
    """Return how many replicates there may be rows of."""
    return max(spec.replicates, int(rows["replicate"].max()) + 1 if rows is not None else 0)


def ends(source: Source[Any], width: int, image: Image = "picture") -> tuple[Ends, ...]:
    """Return how all trainings of a width with one image ended, in the order of the spec."""
    spec, rows = source.spec(ErasureSpec), source.rows("ending")
    n = replicates_of(rows, spec)
    endings = []
    for grid in spec.optimizers:
        shape = (len(grid.lrs), n)
        ended, diverged = np.zeros(shape, bool), np.full(shape, np.nan)
        values = {name: np.full(shape, np.nan) for name in _ENDING}
        if rows is not None:
            here = (rows["width"] == width) & (rows["image"] == image) & (rows["optimizer"] == grid.kind)
            mine = rows.where(here & np.isin(rows["lr"], grid.lrs))
            place = np.array([grid.lrs.index(lr) for lr in mine["lr"].tolist()], dtype=int), mine["replicate"]
            ended[place], diverged[place] = True, mine["diverged_step"]
            for name, array in values.items():
                array[place] = np.where(np.isfinite(mine["diverged_step"]), np.nan, mine[name])
        endings.append(Ends(width, image, grid.kind, np.array(grid.lrs), ended, diverged, values))
    return tuple(endings)


def fate(visibility: float, low: float, high: float, *, two_level: bool) -> str:
    """Return what a visibility means against 95 % of what permuted pictures have, `low` to `high`.

    "erased" is a bound on the AUC, "detectable" lies outside that interval: two words for two things.
    """
    detectable = not low <= visibility <= high
    if not two_level:
        return "detectable" if detectable else "not detectable"
    if visibility > ERASED:
        return "visible"
    if visibility < 1 - ERASED:
        return "inverted"
    return "erased, yet detectable" if detectable else "erased"


def diverged_text(all_ends: Sequence[Ends], label: Mapping[str, str], most: int = 4) -> str:
    """Return which trainings diverged and when, e.g. "diverged: Adam lr 1 (2 of 3, first at step 40)".

    Empty if none.
    """
    texts = []
    for end in all_ends:
        for lr, steps, ended in zip(end.lrs, end.diverged, end.ended, strict=True):
            lost = steps[np.isfinite(steps)]
            if len(lost):
                first = words.count(float(lost.min()))
                when = f"at step {first}" if len(lost) == 1 else f"first at step {first}"
                texts.append(f"{label[end.optimizer]} lr {words.brief(lr)} ({len(lost)} of {ended.sum()}, {when})")
    if not texts:
        return ""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"diverged; not in the mean: {', '.join(texts[:most])}{more}"


def awaited(all_ends: Sequence[Ends]) -> int:
    """Count the trainings that have not ended."""
    return sum(int((~item.ended).sum()) for item in all_ends)
