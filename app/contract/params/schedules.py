"""Knobs of the learning-rate schedules."""

from typing import Literal

from pydantic import Field

from app.contract.params.base import Params, Share, unit


class Constant(Params):
    kind: Literal["constant"]


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


class Cosine(Params):
    kind: Literal["cosine"]
    final: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Final fraction",
        description="Learning rate at the last step, as a fraction of the first.",
    )


class Warmup(Params):
    kind: Literal["warmup"]
    warmup_steps: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Steps of linear increase from 0; constant afterwards.",
        json_schema_extra=unit("steps"),
    )
