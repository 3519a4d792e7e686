"""Layerwise magnitude: what the pruning method is and takes."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from app.contract.budgets import Kernel, kept_layerwise
from app.contract.params import ModelParams, PruningParams, Share, unit, when
from app.methods.find import methods
from app.methods.method import Method


def _convolutional(model: Method) -> bool:
    """Return whether a model has convolutions; one that reads no pictures has none."""
    assert issubclass(model.params, ModelParams)  # noqa: S101 (the group holds nothing else)
    filled, picture = model.params(kind=model.name), (3, 32, 32)
    return filled.examples == "pictures" and any(kernel.role == "conv" for kernel in filled.kernels(picture, 10))


CONVOLUTIONAL = [name for name, model in methods("model").items() if _convolutional(model)]


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


METHOD = Method(
    params=LayerwiseMagnitude,
    title="Layerwise magnitude",
    summary="Prunes the smallest weights of each layer at that layer's rate.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, section 2",
    order=10,
)
