"""LeNet-300-100: what the model is and takes."""

from math import prod
from typing import Literal

from app.contract.budgets import Kernel, linear
from app.contract.params import ModelParams
from app.methods.method import Method


class Lenet300100(ModelParams):
    kind: Literal["lenet_300_100"]

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return list(linear(prod(shape), (300, 100), n_classes))


METHOD = Method(
    params=Lenet300100,
    title="LeNet-300-100",
    summary="Two hidden linear layers of 300 and 100 units.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, figure 2",
    order=10,
)
