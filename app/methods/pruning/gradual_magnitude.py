"""Gradual magnitude: what the pruning method is and takes."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from app.contract.budgets import Kernel, kept_layerwise, pruning_steps
from app.contract.params import PruningParams, Share, unit
from app.contract.params.pruning import Acts
from app.contract.strict import FieldError
from app.methods.method import Method


class GradualMagnitude(PruningParams):
    acts: ClassVar[Acts] = "during training"

    kind: Literal["gradual_magnitude"]
    rate: Share = Field(
        0.5,
        title="Pruning rate",
        description="Fraction of the remaining weights of each layer that one level prunes, bit by bit as it trains.",
        json_schema_extra=unit("fraction pruned per level"),
    )
    begin: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Begins at",
        description="Where pruning begins, as a fraction of the steps of a training.",
        json_schema_extra=unit("fraction of the steps"),
    )
    end: Share = Field(
        0.5,
        title="Ends at",
        description="Where all of it is pruned, as a fraction of the steps; the rest trains the network that is left.",
        json_schema_extra=unit("fraction of the steps"),
    )
    every: int = Field(
        100,
        ge=1,
        le=100_000,
        title="Prune every",
        description="Steps from one pruning to the next.",
        json_schema_extra=unit("steps"),
    )

    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        return [kept_layerwise(kernel.weights, self.rate, rounds) for kernel in kernels]

    def pruning_steps(self, steps: int) -> range:
        return pruning_steps(self.begin, self.end, self.every, steps)

    @model_validator(mode="after")
    def _consistent(self) -> "GradualMagnitude":
        if self.end <= self.begin:
            raise FieldError("end", f"must be after begin, {self.begin:g}")
        return self


METHOD = Method(
    params=GradualMagnitude,
    title="Gradual magnitude",
    summary="Prunes the smallest weights of each layer while it trains: many at first, then ever fewer.",
    source="Zhu & Gupta 2017, arXiv 1710.01878, equation 1",
    order=30,
)
