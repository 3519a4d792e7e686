"""Conv-2: what the model is and takes."""

from typing import ClassVar, Literal

from app.contract.params import ConvParams
from app.methods.method import Method


class Conv2(ConvParams):
    kind: Literal["conv_2"]
    widths: ClassVar[tuple[int, ...]] = (64,)


METHOD = Method(
    params=Conv2,
    title="Conv-2",
    summary="Two convolutions of 64, a pool, linear 256-256.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, figure 2",
    order=20,
)
