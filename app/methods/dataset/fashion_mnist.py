"""Fashion-MNIST: what the data set is and takes."""

from typing import ClassVar, Literal

from app.contract.params import PictureParams
from app.methods.method import Method


class FashionMnist(PictureParams):
    n_train: ClassVar[int] = 55_000
    n_validation: ClassVar[int] = 5_000
    n_test: ClassVar[int] = 10_000
    shape: ClassVar[tuple[int, ...]] = (1, 28, 28)
    kind: Literal["fashion_mnist"]


METHOD = Method(
    params=FashionMnist,
    title="Fashion-MNIST",
    summary="Clothes of 28×28, split as MNIST.",
    source="Xiao et al. 2017, arXiv 1708.07747",
    order=30,
)
