"""Knobs of the models, and the kernels that each has."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, get_args

from app.contract.budgets import Kernel, convolutional, linear
from app.contract.params.base import Params


class ModelParams(Params, ABC):
    """What every model says of itself: which kernels it has on pictures of a shape (channels, height, width)."""

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


class Lenet300100(ModelParams):
    kind: Literal["lenet_300_100"]

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(linear(shape[0] * shape[1] * shape[2], (300, 100)))


class ConvParams(ModelParams, ABC):
    """Models with convolutions; `widths` are the channels of each pair."""

    widths: ClassVar[tuple[int, ...]]

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(convolutional(shape, self.widths))

    def misfit(self, shape: tuple[int, int, int]) -> str | None:
        return too_small(shape, len(self.widths))


class Conv2(ConvParams):
    kind: Literal["conv_2"]
    widths: ClassVar[tuple[int, ...]] = (64,)


class Conv4(ConvParams):
    kind: Literal["conv_4"]
    widths: ClassVar[tuple[int, ...]] = (64, 128)


class Conv6(ConvParams):
    kind: Literal["conv_6"]
    widths: ClassVar[tuple[int, ...]] = (64, 128, 256)


CONVOLUTIONAL: tuple[str, ...] = tuple(get_args(each.__annotations__["kind"])[0] for each in (Conv2, Conv4, Conv6))
"""Kinds of the models with convolutions."""
