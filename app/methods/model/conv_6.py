"""Conv-6: what the model is and takes."""

from typing import ClassVar, Literal

from app.contract.params import ConvParams
from app.methods.method import Method


class Conv6(ConvParams):
    kind: Literal["conv_6"]
    widths: ClassVar[tuple[int, ...]] = (64, 128, 256)


METHOD = Method(
    params=Conv6,
    title="Conv-6",
    summary="Six convolutions (64 to 256), three pools, linear 256-256.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, figure 2",
    order=40,
)
