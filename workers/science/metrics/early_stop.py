"""Early stop, found afterwards: the evaluation of least validation loss. Training itself never stops early."""

from collections.abc import Sequence
from math import isfinite, nan
from typing import NamedTuple


class EarlyStop(NamedTuple):
    """The evaluation of least validation loss: its row, step and loss.

    `censored`: it is the last evaluation, so the true minimum may lie beyond and no speed-up can be claimed.
    Without a finite loss, `row` is None and `step` and `loss` are NaN.
    """

    row: int | None
    step: float
    loss: float
    censored: bool


def early_stop(steps: Sequence[float], validation_losses: Sequence[float]) -> EarlyStop:
    """Return the first row of least validation loss; a loss that is not finite counts as worse than any other.

    So a run that diverges after its minimum keeps that minimum, uncensored.
    Raises `ValueError` when the columns differ in length.
    Source: Frankle & Carbin 2019, arXiv 1803.03635, section 2.
    """
    if len(steps) != len(validation_losses):
        raise ValueError(f"{len(steps)} steps but {len(validation_losses)} losses")
    finite = [row for row, loss in enumerate(validation_losses) if isfinite(loss)]
    if not finite:
        return EarlyStop(None, nan, nan, censored=False)
    row = min(finite, key=lambda row: validation_losses[row])
    return EarlyStop(row, float(steps[row]), validation_losses[row], censored=row == len(steps) - 1)
