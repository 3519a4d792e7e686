"""What names a training of an erasure study."""

from typing import Literal, NamedTuple, TypeAlias

from pydantic import Field

from app.contract.training_key import TrainingKey

Image: TypeAlias = Literal["picture", "none"]
"""What lies in the initial weights: the picture, or nothing, as in a twin."""
IMAGES: tuple[Image, ...] = ("picture", "none")


class Cell(NamedTuple):
    """One training of a replicate, every coordinate given."""

    width: int
    image: Image
    optimizer: str
    lr: float

    @property
    def marked(self) -> bool:
        """Return whether it begins with the picture."""
        return self.image == "picture"

    @property
    def key(self) -> "ErasureKey":
        """Return what the store names it by."""
        return ErasureKey(width=self.width, image=self.image, optimizer=self.optimizer, lr=self.lr)

    @property
    def twin(self) -> "Cell":
        """Return the same cell without the picture."""
        return self._replace(image="none")


class ErasureKey(TrainingKey):
    """A cell, or, without optimizer and rate, what all cells of a width and an image begin with."""

    width: int = Field(ge=1, title="Width")
    image: Image = Field(title="Image")
    optimizer: str | None = Field(None, max_length=40, title="Optimizer")
    lr: float | None = Field(None, gt=0, title="Learning rate")

    @property
    def cell(self) -> Cell:
        """Return the cell. Raises ValueError for what belongs to several."""
        if self.optimizer is None or self.lr is None:
            raise ValueError(f"{self.text} names no single training")
        return Cell(self.width, self.image, self.optimizer, self.lr)

    @property
    def start(self) -> "ErasureKey":
        """Return the key of what the cell begins with."""
        return ErasureKey(width=self.width, image=self.image)
