"""CIFAR-10, first 10,000: what the data set is and takes."""

from typing import ClassVar, Literal

from app.contract.params import PictureParams
from app.methods.method import Method


class Cifar10Part(PictureParams):
    n_train: ClassVar[int] = 9_000
    n_validation: ClassVar[int] = 1_000
    n_test: ClassVar[int] = 1_000
    shape: ClassVar[tuple[int, ...]] = (3, 32, 32)
    kind: Literal["cifar10_10k"]


METHOD = Method(
    params=Cifar10Part,
    title="CIFAR-10, first 10,000",
    summary=(
        "The first 10,000 training (9,000 + 1,000 validation) and 1,000 test images: a subset, not comparable"
        " with CIFAR-10."
    ),
    source="Krizhevsky 2009, data_batch_1 and the head of test_batch",
    order=50,
)
