"""Options and words of figures that look into one training: an optimizer at one learning rate, in every replicate."""

from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.trainings import Ends
from app.plotting.source import Options, Source
from app.records import Series


class TrainingChoice(Options):
    """Optimizer and width, the run's first for None; `lr` None takes the rate of highest validation accuracy."""

    optimizer: str | None = Field(None, max_length=40)
    lr: float | None = Field(None, gt=0, le=1e6, json_schema_extra={"none": "best by validation"})
    width: int | None = Field(None, ge=1, le=100_000)


class Chosen(NamedTuple):
    """A training with the picture: `rate` is None where the spec has no such rate of the optimizer.

    `replicates` are those that count: without one that diverged, unless all did.
    """

    ends: Ends
    lr: float
    rate: int | None
    rows: Series | None
    replicates: tuple[int, ...]
    all_diverged: bool


def chosen(source: Source[Any], name: str, optimizer: str, lr: float | None, width: int) -> Chosen:
    """Return the chosen training, with its rows of the series `name`."""
    ends = next(end for end in trainings.ends(source, width) if end.optimizer == optimizer)
    rate: int | None
    if lr is None:
        rate = ends.best or 0
    else:
        # A link has fewer digits than the spec.
        near = np.flatnonzero(np.isclose(ends.lrs, lr, rtol=1e-6))
        rate = int(near[0]) if len(near) else None
    rows = source.rows(name)
    mine = None if rows is None or rate is None else trainings.at(rows, ends.cell(rate))
    lost = np.zeros(0, int) if rate is None else np.flatnonzero(np.isfinite(ends.diverged[rate]))
    there = [] if mine is None else np.unique(mine["replicate"]).tolist()
    whole = tuple(int(r) for r in there if r not in lost)
    return Chosen(
        ends=ends,
        lr=float(ends.lrs[rate]) if rate is not None else float(lr or 0),
        rate=rate,
        rows=mine if mine is not None and len(mine) else None,
        replicates=whole or tuple(there),
        all_diverged=bool(there) and not whole,
    )
