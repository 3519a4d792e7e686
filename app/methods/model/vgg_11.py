"""VGG-11: what the model is and takes."""

from typing import ClassVar, Literal

from app.contract.params import VggParams
from app.methods.method import Method


class Vgg11(VggParams):
    kind: Literal["vgg_11"]
    stages: ClassVar[tuple[tuple[int, ...], ...]] = ((64,), (128,), (256, 256), (512, 512), (512, 512))


METHOD = Method(
    params=Vgg11,
    title="VGG-11",
    summary="Eight convolutions (64 to 512) with batch norm, five pools, one linear layer.",
    source="Simonyan & Zisserman 2014, arXiv 1409.1556, table 1",
    order=50,
)
