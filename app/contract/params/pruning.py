"""Knobs of the pruning methods, and how many weights their rounds leave."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from app.contract.budgets import Kernel, kept_layerwise, kept_pooled
from app.contract.params.base import Params, Share, unit, when
from app.contract.params.models import CONVOLUTIONAL


class PruningParams(Params, ABC):
    """What every pruning method says of itself: how many weights its rounds leave."""

    @abstractmethod
    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        """Return the weights that `rounds` rounds leave in each kernel; pooled kernels are summed in the first."""


class LayerwiseMagnitude(PruningParams):
    kind: Literal["layerwise_magnitude"]
    rate: Share = Field(
        0.2,
        title="Pruning rate",
        description="Fraction of the remaining weights of each linear layer that one round prunes.",
        json_schema_extra=unit("fraction pruned per round"),
    )
    conv_rate: float = Field(
        0.1,
        ge=0,
        lt=1,
        title="Pruning rate of convolutions",
        description="The same for convolutions.",
        json_schema_extra=unit("fraction pruned per round") | when(model=CONVOLUTIONAL),
    )
    output_rate: float = Field(
        0.1,
        ge=0,
        lt=1,
        title="Pruning rate of the output layer",
        description="The same for the output layer; the paper uses half the rate.",
        json_schema_extra=unit("fraction pruned per round"),
    )

    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        rates = {"linear": self.rate, "conv": self.conv_rate, "output": self.output_rate}
        return [kept_layerwise(kernel.weights, rates[kernel.role], rounds) for kernel in kernels]


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
