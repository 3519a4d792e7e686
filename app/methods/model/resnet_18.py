"""ResNet-18: what the model is and takes."""

from typing import ClassVar, Literal

from app.contract.budgets import Kernel, residual
from app.contract.params import ModelParams
from app.methods.method import Method


class Resnet18(ModelParams):
    kind: Literal["resnet_18"]
    stackable: ClassVar[bool] = False

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return list(residual(shape[0], (64, 128, 256, 512), 2, n_classes))


METHOD = Method(
    params=Resnet18,
    title="ResNet-18",
    summary="Four stages of two residual blocks (64 to 512 channels), for small pictures.",
    source="He et al. 2016, arXiv 1512.03385, table 1",
    order=70,
)
