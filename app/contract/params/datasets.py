"""Knobs and sizes of the data sets."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.params.base import RARE, Params


class DatasetParams(Params):
    """What every data set takes: pixels come in [0, 1]; standardising them is a choice.

    `n_train` and `n_test` are the numbers of examples in the training and the test split, `n_inputs` that of an
    example's numbers, which come as `shape`: channels, height, width.
    """

    n_train: ClassVar[int]
    n_test: ClassVar[int]
    n_inputs: ClassVar[int]
    shape: ClassVar[tuple[int, int, int]]

    normalise: bool = Field(
        False,
        title="Standardise the pixels",
        description="Scale each channel to mean 0 and standard deviation 1 over the training split.",
        json_schema_extra=RARE,
    )


class Digits(DatasetParams):
    n_train: ClassVar[int] = 1_257
    n_test: ClassVar[int] = 360
    n_inputs: ClassVar[int] = 64
    shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    kind: Literal["digits"]


class Mnist(DatasetParams):
    n_train: ClassVar[int] = 55_000
    n_test: ClassVar[int] = 10_000
    n_inputs: ClassVar[int] = 784
    shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    kind: Literal["mnist"]


class FashionMnist(DatasetParams):
    n_train: ClassVar[int] = 55_000
    n_test: ClassVar[int] = 10_000
    n_inputs: ClassVar[int] = 784
    shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    kind: Literal["fashion_mnist"]


class Cifar10(DatasetParams):
    n_train: ClassVar[int] = 45_000
    n_test: ClassVar[int] = 10_000
    n_inputs: ClassVar[int] = 3_072
    shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    kind: Literal["cifar10"]


class Cifar10Part(DatasetParams):
    n_train: ClassVar[int] = 9_000
    n_test: ClassVar[int] = 1_000
    n_inputs: ClassVar[int] = 3_072
    shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    kind: Literal["cifar10_10k"]
