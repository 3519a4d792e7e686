"""CIFAR-10: what the data set is and takes."""

from typing import ClassVar, Literal

from app.contract.params import PictureParams
from app.methods.method import Method


class Cifar10(PictureParams):
    n_train: ClassVar[int] = 45_000
    n_validation: ClassVar[int] = 5_000
    n_test: ClassVar[int] = 10_000
    shape: ClassVar[tuple[int, ...]] = (3, 32, 32)
    kind: Literal["cifar10"]


METHOD = Method(
    params=Cifar10,
    title="CIFAR-10",
    summary="Colour photographs of 32×32: 45,000 train, 5,000 validation, 10,000 test.",
    source="Krizhevsky 2009",
    order=40,
)
