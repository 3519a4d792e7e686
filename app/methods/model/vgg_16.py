"""VGG-16: what the model is and takes."""

from typing import ClassVar, Literal

from app.contract.params import VggParams
from app.methods.method import Method


class Vgg16(VggParams):
    kind: Literal["vgg_16"]
    stages: ClassVar[tuple[tuple[int, ...], ...]] = (
        (64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512),
    )  # fmt: skip


METHOD = Method(
    params=Vgg16,
    title="VGG-16",
    summary="Thirteen convolutions (64 to 512) with batch norm, five pools, one linear layer.",
    source="Simonyan & Zisserman 2014, arXiv 1409.1556, table 1",
    order=60,
)
