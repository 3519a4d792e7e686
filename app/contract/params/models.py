"""What every model declares, and what families of models share."""

from abc import ABC, abstractmethod
from typing import ClassVar

from app.contract.budgets import Kernel, convolutional, stacked
from app.contract.params.base import Params


class ModelParams(Params, ABC):
    """What every model declares: which kernels it has on pictures of a shape (channels, height, width).

    Replicates of a model that is `stackable` may train as one stack: it has no state but its weights.
    """

    stackable: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """What lists call the model, and what a measured speed belongs to."""
        return self.kind

    @abstractmethod
    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        """Return the prunable kernels in the model's order."""

    def misfit(self, shape: tuple[int, int, int]) -> str | None:  # noqa: ARG002 (most models take any)
        """Return why the model cannot take pictures of a shape; None where it can."""
        return None


def too_small(shape: tuple[int, int, int], halvings: int) -> str | None:
    """Return what is said of pictures that cannot be halved that often; None where they can."""
    _, height, width = shape
    if min(height, width) >> halvings:
        return None
    return f"it halves pictures {halvings} times, and of {height}×{width} pixels nothing would be left"


class ConvParams(ModelParams, ABC):
    """Models with convolutions; `widths` are the channels of each pair."""

    widths: ClassVar[tuple[int, ...]]

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(convolutional(shape, self.widths))

    def misfit(self, shape: tuple[int, int, int]) -> str | None:
        return too_small(shape, len(self.widths))


class VggParams(ModelParams, ABC):
    """VGG networks; `stages` are the channels of each convolution, with a pool after each stage."""

    stages: ClassVar[tuple[tuple[int, ...], ...]]
    stackable: ClassVar[bool] = False

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(stacked(shape[0], self.stages))

    def misfit(self, shape: tuple[int, int, int]) -> str | None:
        return too_small(shape, len(self.stages))
