"""Rows of the series that the experiments write."""

from collections.abc import Mapping
from math import nan

from torch import Tensor

from app.contract.events import Measured
from app.contract.training_key import TrainingKey
from workers.science.metrics.early_stop import early_stop
from workers.science.metrics.movement import movement
from workers.science.train.events import Evaluated


def one_row(series: str, key: TrainingKey, values: Mapping[str, float]) -> Measured:
    """Return values of one row as a Measured."""
    return Measured(series=series, key=key, columns={name: [float(value)] for name, value in values.items()})


def outcome(
    rows: list[Evaluated], kept: float, train_accuracy: float, diverged_step: int | None, sparse_from: int = 0
) -> dict[str, float]:
    """Return values of the row of `outcome`.

    A diverged network has no end to measure, but a minimum that it passed is kept, uncensored. What was evaluated
    before step `sparse_from`, at which the network has its density `kept`, is no early stop.
    """
    steps = [float(row.step) for row in rows]
    losses = [row.validation_loss if row.step >= sparse_from else nan for row in rows]
    if diverged_step is not None:
        steps.append(diverged_step)
        losses.append(nan)
    best = early_stop(steps, losses)
    last = rows[-1] if diverged_step is None else None
    return {
        "steps": steps[-1],
        "density": kept,
        "train_accuracy": train_accuracy,
        "validation_accuracy": last.validation_accuracy if last else nan,
        "validation_loss": last.validation_loss if last else nan,
        "test_accuracy": last.test_accuracy if last else nan,
        "test_loss": last.test_loss if last else nan,
        "early_stop_step": best.step,
        "early_stop_test_accuracy": rows[best.row].test_accuracy if best.row is not None else nan,
        "early_stop_validation_loss": best.loss,
        "early_stop_censored": float(best.censored),
        "diverged_step": nan if diverged_step is None else float(diverged_step),
    }


def movement_rows(
    key: TrainingKey,
    start: Mapping[str, Tensor],
    end: Mapping[str, Tensor],
    alive: Mapping[str, Tensor],
    kept: Mapping[str, Tensor],
) -> Measured:
    """Return series `movement`: one row per layer, as `metrics.movement.movement` measures it."""
    rows = [movement(start[name], end[name], alive[name], kept[name]) for name in alive]
    columns = {"layer": [float(i) for i in range(len(rows))]}
    columns |= {name: [float(getattr(row, name)) for row in rows] for name in rows[0]._fields}
    return Measured(series="movement", key=key, columns=columns)
