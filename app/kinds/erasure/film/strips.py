"""The trainings of a replicate for the film wall: their states, and what was measured at each frame."""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from app.kinds.erasure.figures.trainings import ERASED
from app.kinds.erasure.film.reader import FilmReader, Index
from app.kinds.erasure.key import Cell
from app.methods.catalog import CATALOG
from app.records import Run, Series

State: TypeAlias = Literal["waiting", "running", "done", "diverged", "stopped"]
Fate: TypeAlias = Literal["visible", "erased", "inverted", "not detectable"]

MEASURES = (
    "loss", "movement", "visibility", "null_low", "null_high", "similarity", "train_accuracy", "test_accuracy",
)  # fmt: skip


class Frame(NamedTuple):
    """A frame and what was measured with it; `measures` has those of `MEASURES` that are numbers."""

    step: int
    measures: Mapping[str, float]


class Strip(NamedTuple):
    """One training as a film; `diverged_step` is None unless it diverged, and then its frames end before that."""

    cell: Cell
    label: str
    state: State
    diverged_step: int | None
    frames: tuple[Frame, ...]


def strips(reader: FilmReader, index: Index, replicate: int) -> list[Strip]:
    """Return every training that the run plans for a replicate, in the order in which they run."""
    rows = reader.store.series(index.run.id, "erasure", replicate=replicate)
    ends = reader.store.series(index.run.id, "ending", replicate=replicate)
    measured, ended = _by_cell(rows), _by_cell(ends)
    strips = []
    for cell in index.spec.cells():
        steps = measured.get(cell, {})
        end = next(iter(ended.get(cell, {}).values()), None)
        diverged = end.get("diverged_step") if end else None
        # Weights may still be finite at the step at which the loss is not.
        saved = [step for step in index.frames.get((replicate, cell), ()) if diverged is None or step < diverged]
        frames = tuple(Frame(step, steps.get(step, {})) for step in saved)
        strips.append(
            Strip(
                cell,
                label(cell.optimizer),
                _state(index.run, end is not None, diverged is not None, bool(frames)),
                None if diverged is None else int(diverged),
                frames,
            )
        )
    return strips


def label(optimizer: str) -> str:
    """Return the name of an optimizer."""
    return CATALOG["optimizer"][optimizer].title


def fate(measures: Mapping[str, float], *, two_level: bool) -> Fate | None:
    """Return the fate of the picture; None if that was not measured.

    Of a two-level one as the figures have it: erased at an AUC near one half, inverted below. A grey one is only not
    detectable, where its rank correlation lies within 95 % of those of permuted pictures.
    """
    if "visibility" not in measures:
        return None
    seen, chance = measures["visibility"], (measures.get("null_low", 0.0), measures.get("null_high", 0.0))
    low, high = (1 - ERASED, ERASED) if two_level else chance
    if low <= seen <= high:
        return "erased" if two_level else "not detectable"
    return "visible" if seen > high else "inverted"


def _state(run: Run, ended: bool, diverged: bool, begun: bool) -> State:
    if ended:
        return "diverged" if diverged else "done"
    if run.state in ("cancelled", "failed"):
        return "stopped"
    return "running" if begun and run.state in ("running", "cancelling") else "waiting"


def _by_cell(rows: Series) -> dict[Cell, dict[int, dict[str, float]]]:
    """Return rows by training and step; of a row only what is a number."""
    measures: dict[Cell, dict[int, dict[str, float]]] = {}
    steps = rows.columns.get("step", rows.columns.get("steps"))
    if steps is None:
        return measures
    names = [name for name in (*MEASURES, "diverged_step") if name in rows.columns]
    cells = [Cell(*item) for item in zip(*(rows[name].tolist() for name in Cell._fields), strict=True)]
    for i, (cell, step) in enumerate(zip(cells, steps.tolist(), strict=True)):
        values = {name: float(rows[name][i]) for name in names}
        kept = {name: value for name, value in values.items() if math.isfinite(value)}
        measures.setdefault(cell, {})[-1 if math.isnan(step) else int(step)] = kept
    return measures
