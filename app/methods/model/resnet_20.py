"""ResNet-20: what the model is and takes."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.budgets import Kernel, residual
from app.contract.params import ModelParams, unit
from app.methods.method import Method


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

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return list(residual(shape[0], (16 * self.width, 32 * self.width, 64 * self.width), 3, n_classes))


METHOD = Method(
    params=Resnet20,
    title="ResNet-20",
    summary="Three stages of three residual blocks (16, 32, 64 channels, times its width).",
    source="He et al. 2016, arXiv 1512.03385, section 4.2",
    order=80,
)
