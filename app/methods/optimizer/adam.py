"""Adam: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import AMBER
from app.contract.params import Betas, Lr, OptimizerParams, WeightDecay
from app.methods.method import Method


class Adam(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    elementwise: ClassVar[bool] = True
    kind: Literal["adam"]
    lr: Lr = 1.2e-3
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=Adam,
    title="Adam",
    summary="Steps scaled by running means of the gradient and of its square.",
    source="Kingma & Ba 2015, arXiv 1412.6980",
    order=60,
    look=Look(
        AMBER,
        dash="solid",
        symbol="triangle-down",
        label="Adam",
        phrase="Adam",
    ),
)
