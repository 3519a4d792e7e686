"""MNIST: what the data set is and takes."""

from typing import ClassVar, Literal

from app.contract.params import PictureParams
from app.methods.method import Method


class Mnist(PictureParams):
    n_train: ClassVar[int] = 55_000
    n_validation: ClassVar[int] = 5_000
    n_test: ClassVar[int] = 10_000
    shape: ClassVar[tuple[int, ...]] = (1, 28, 28)
    kind: Literal["mnist"]


METHOD = Method(
    params=Mnist,
    title="MNIST",
    summary="Handwritten digits of 28×28: 55,000 train, 5,000 validation, 10,000 test.",
    source="LeCun et al. 1998",
    order=20,
)
