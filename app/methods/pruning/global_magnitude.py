"""Global magnitude: what the pruning method is and takes."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from app.contract.budgets import Kernel, kept_pooled
from app.contract.params import PruningParams, Share, unit
from app.methods.method import Method


class GlobalMagnitude(PruningParams):
    kind: Literal["global_magnitude"]
    rate: Share = Field(
        0.2,
        title="Pruning rate",
        description="Fraction of all remaining weights that one round prunes, layers pooled; the output layer is "
        "counted but not pruned.",
        json_schema_extra=unit("fraction pruned per round"),
    )

    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        everything = sum(kernel.weights for kernel in kernels)
        output = sum(kernel.weights for kernel in kernels if kernel.role == "output")
        return [kept_pooled(everything, everything - output, self.rate, rounds), output]


METHOD = Method(
    params=GlobalMagnitude,
    title="Global magnitude",
    summary="Pools all layers but the output layer and prunes the smallest weights.",
    source="Frankle et al. 2020, arXiv 1903.01611",
    order=20,
)
