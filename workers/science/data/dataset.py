"""What a data set is: three splits, each one tensor of inputs and one of targets."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.science.random import generator
from workers.science.train.task import CLASSIFICATION, Task


class DatasetError(Exception):
    """A data set cannot be had; the message names the file and says what to do."""


@dataclass(frozen=True)
class Split:
    """Inputs `x` and targets `y`, n of each.

    Such as pictures float32 `(n, channels, height, width)` with classes `(n,)`, or symbols int64 `(n, length)` with the
    symbols that come next `(n, length)`.
    """

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def to(self, device: torch.device | str) -> "Split":
        """Return the same split on `device`."""
        return Split(self.x.to(device), self.y.to(device))


@dataclass(frozen=True)
class Dataset:
    """A data set with fixed splits, pixels in [0, 1] unless `mean` and `std` are set.

    Those are per channel `(channels,)`, over the training split; pixels are then (pixel − mean) / std.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    n_classes: int
    mean: Tensor | None = None
    std: Tensor | None = None
    task: Task = CLASSIFICATION

    @property
    def shape(self) -> tuple[int, ...]:
        """Return channels, height and width of a picture, or the length of a text."""
        return tuple(self.train.x.shape[1:])

    @property
    def black(self) -> Tensor:
        """Return the value of a black pixel `(channels,)`, on the device of the pictures."""
        black = torch.zeros(self.shape[0]) if self.mean is None or self.std is None else -self.mean / self.std
        return black.to(self.train.x)

    def to(self, device: torch.device | str) -> "Dataset":
        """Return the same data set with its splits on `device`."""
        return replace(
            self, train=self.train.to(device), validation=self.validation.to(device), test=self.test.to(device)
        )


def assemble(
    name: str,
    train: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    *,
    n_validation: int,
    white: int,
    normalise: bool,
) -> Dataset:
    """Build a ten-class data set from pictures `(n, channels, height, width)` and labels `(n,)`.

    Pixel `white` becomes 1.
    `n_validation` rows of `train` validate. Which ones depends on `name` alone, so every replicate of every run has the
    same. Rows keep their order within a split.
    """
    pictures, labels = train
    validates = torch.zeros(len(labels), dtype=torch.bool)
    validates[torch.randperm(len(labels), generator=generator(0, "validation", name))[:n_validation]] = True
    chosen = validates.numpy()
    mean = std = None
    if normalise:
        mean, std = _moments(pictures[~chosen], white)

    def split(x: NDArray[np.uint8], y: NDArray[np.uint8]) -> Split:
        pixels = torch.tensor(x).to(torch.float32).div_(white)
        if mean is not None and std is not None:
            pixels.sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))
        return Split(pixels, torch.tensor(y, dtype=torch.int64))

    return Dataset(
        name,
        train=split(pictures[~chosen], labels[~chosen]),
        validation=split(pictures[chosen], labels[chosen]),
        test=split(*test),
        n_classes=10,
        mean=mean,
        std=std,
    )


def _moments(pictures: NDArray[np.uint8], white: int) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel, exact: from the counts of its 256 possible values."""
    values = np.arange(256) / white
    channels = torch.from_numpy(pictures).unbind(dim=1)
    counts = [torch.bincount(channel.reshape(-1), minlength=256).numpy() for channel in channels]
    means = [np.average(values, weights=count) for count in counts]
    stds = [np.sqrt(np.average((values - mean) ** 2, weights=count)) for mean, count in zip(means, counts, strict=True)]
    return torch.tensor(means, dtype=torch.float32), torch.tensor(stds, dtype=torch.float32)
