"""What every data set declares: its size, what an example is, and what is predicted."""

from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from app.contract.params.base import RARE, Params


class DatasetParams(Params):
    """What every data set declares.

    `n_train`, `n_validation` and `n_test` are the numbers of examples in each split. `shape` is that of an example:
    channels, height and width of a picture, the length of a text. `n_classes` can be predicted, one for a picture and
    one for each symbol of a text. `guess` is how often the most frequent class of the training split is right on the
    test split. It is None where classes are about as frequent as each other.
    """

    n_train: ClassVar[int]
    n_validation: ClassVar[int]
    n_test: ClassVar[int]
    shape: ClassVar[tuple[int, ...]]
    n_classes: ClassVar[int] = 10
    examples: ClassVar[Literal["pictures", "text"]] = "pictures"
    guess: ClassVar[float | None] = None

    @property
    def n_inputs(self) -> int:
        """Return how many numbers an example has."""
        return prod(self.shape)


class PictureParams(DatasetParams):
    """What data sets of pictures take: pixels come in [0, 1]; standardising them is a choice."""

    normalise: bool = Field(
        False,
        title="Standardise the pixels",
        description="Scale each channel to mean 0 and standard deviation 1 over the training split.",
        json_schema_extra=RARE,
    )
