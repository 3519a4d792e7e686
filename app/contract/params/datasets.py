"""What every data set takes, and its size."""

from math import prod
from typing import ClassVar

from pydantic import Field

from app.contract.params.base import RARE, Params


class DatasetParams(Params):
    """What every data set takes: pixels come in [0, 1]; standardising them is a choice.

    `n_train`, `n_validation` and `n_test` are the numbers of examples in each split, `shape` is that of an example:
    channels, height, width.
    """

    n_train: ClassVar[int]
    n_validation: ClassVar[int]
    n_test: ClassVar[int]
    shape: ClassVar[tuple[int, int, int]]

    normalise: bool = Field(
        False,
        title="Standardise the pixels",
        description="Scale each channel to mean 0 and standard deviation 1 over the training split.",
        json_schema_extra=RARE,
    )

    @property
    def n_inputs(self) -> int:
        """Return how many numbers an example has."""
        return prod(self.shape)
