"""Shampoo: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import RED
from app.contract.params import Lr, OptimizerParams, WeightDecay
from app.methods.method import Method


class Shampoo(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.1, 0.3, 1.0)
    # Measured, as SOAP's, on square kernels; the longer side of a long one costs more than the rounds say.
    rounds: ClassVar[int] = 22
    kind: Literal["shampoo"]
    lr: Lr = 0.3
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=Shampoo,
    title="Shampoo",
    summary="Preconditions both sides of a kernel; slow, with an SVD per side at every step.",
    source="Gupta et al. 2018, arXiv 1802.09568; pytorch_optimizer",
    order=110,
    look=Look(
        RED,
        dash="solid",
        symbol="x",
        label="Shampoo",
        phrase="Shampoo",
    ),
)
