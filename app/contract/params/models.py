"""Knobs of the models, and the kernels that each has."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, get_args

from pydantic import Field

from app.contract.budgets import Kernel, convolutional, linear, residual, stacked, transformer
from app.contract.params.base import Params, unit


class ModelParams(Params, ABC):
    """What every model says of itself: which kernels it has on pictures of a shape (channels, height, width).

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


class VggParams(ModelParams, ABC):
    """VGG networks; `stages` are the channels of each convolution, with a pool after each stage."""

    stages: ClassVar[tuple[tuple[int, ...], ...]]
    stackable: ClassVar[bool] = False

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(stacked(shape[0], self.stages))

    def misfit(self, shape: tuple[int, int, int]) -> str | None:
        return too_small(shape, len(self.stages))


class Vgg11(VggParams):
    kind: Literal["vgg_11"]
    stages: ClassVar[tuple[tuple[int, ...], ...]] = ((64,), (128,), (256, 256), (512, 512), (512, 512))


class Vgg16(VggParams):
    kind: Literal["vgg_16"]
    stages: ClassVar[tuple[tuple[int, ...], ...]] = (
        (64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512),
    )  # fmt: skip


class Resnet18(ModelParams):
    kind: Literal["resnet_18"]
    stackable: ClassVar[bool] = False

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(residual(shape[0], (64, 128, 256, 512), 2))


class Resnet20(ModelParams):
    kind: Literal["resnet_20"]
    stackable: ClassVar[bool] = False
    width: int = Field(
        1,
        ge=1,
        le=8,
        title="Width",
        description="Multiplies the channels of every layer: 16, 32 and 64 at width 1.",
        json_schema_extra=unit("times"),
    )

    @property
    def label(self) -> str:
        return self.kind if self.width == 1 else f"{self.kind} ×{self.width}"

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(residual(shape[0], (16 * self.width, 32 * self.width, 64 * self.width), 3))


class VitTiny(ModelParams):
    kind: Literal["vit_tiny"]
    stackable: ClassVar[bool] = False
    patch: int = Field(
        4, ge=1, le=32, title="Patch", description="Side of a patch of the picture.", json_schema_extra=unit("pixels")
    )

    @property
    def label(self) -> str:
        return self.kind if self.patch == 4 else f"{self.kind} /{self.patch}"

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(transformer(shape[0] * self.patch**2, 192, 12))

    def misfit(self, shape: tuple[int, int, int]) -> str | None:
        _, height, width = shape
        if height % self.patch or width % self.patch:
            return f"patches of {self.patch}×{self.patch} do not tile pictures of {height}×{width} pixels"
        return None


_CONVOLUTIONAL = (Conv2, Conv4, Conv6, Vgg11, Vgg16, Resnet18, Resnet20, VitTiny)
CONVOLUTIONAL: tuple[str, ...] = tuple(get_args(each.__annotations__["kind"])[0] for each in _CONVOLUTIONAL)
"""Kinds of the models with convolutions."""
