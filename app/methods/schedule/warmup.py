"""Warm-up: what the learning-rate schedule is and takes."""

from typing import Literal

from pydantic import Field

from app.contract.params import Params, unit
from app.methods.method import Method


class Warmup(Params):
    kind: Literal["warmup"]
    warmup_steps: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Steps of linear increase from 0; constant afterwards.",
        json_schema_extra=unit("steps"),
    )


METHOD = Method(
    params=Warmup,
    title="Warm-up",
    summary="Linear increase from 0, then constant.",
    source="Frankle et al. 2020, arXiv 1903.01611",
    order=40,
)
