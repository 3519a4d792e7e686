"""Step decay: what the learning-rate schedule is and takes."""

from typing import Literal

from pydantic import Field

from app.contract.params import Params, Share, unit
from app.methods.method import Method


class StepDecay(Params):
    kind: Literal["step_decay"]
    milestones: tuple[Share, ...] = Field(
        (0.5, 0.75),
        min_length=1,
        max_length=10,
        description="When the learning rate drops, as increasing fractions of the training.",
        json_schema_extra=unit("fraction of steps"),
    )
    gamma: float = Field(
        0.1, gt=0, lt=1, title="Drop factor (gamma)", description="Factor on the learning rate at each drop."
    )


METHOD = Method(
    params=StepDecay,
    title="Step decay",
    summary="Drops by a factor at fixed fractions of the training.",
    source="Frankle et al. 2020, arXiv 1903.01611",
    order=20,
)
