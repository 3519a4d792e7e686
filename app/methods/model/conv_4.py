"""Conv-4: what the model is and takes."""

from typing import ClassVar, Literal

from app.contract.params import ConvParams
from app.methods.method import Method


class Conv4(ConvParams):
    kind: Literal["conv_4"]
    widths: ClassVar[tuple[int, ...]] = (64, 128)


METHOD = Method(
    params=Conv4,
    title="Conv-4",
    summary="Four convolutions (64, 64, 128, 128), two pools, linear 256-256.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, figure 2",
    order=30,
)
