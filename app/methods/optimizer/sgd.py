"""SGD: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import BLUE
from app.contract.params import Lr, Momentum, OptimizerParams, WeightDecay
from app.methods.method import Method


class Sgd(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (0.5, 1.0, 2.0)
    elementwise: ClassVar[bool] = True
    kind: Literal["sgd"]
    lr: Lr = 0.1
    momentum: Momentum = 0.0
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=Sgd,
    title="SGD",
    summary="Stochastic gradient descent, with optional momentum and weight decay.",
    source="torch.optim.SGD",
    order=10,
    look=Look(
        BLUE,
        dash="solid",
        symbol="circle",
        label="SGD",
        phrase="SGD",
    ),
)
