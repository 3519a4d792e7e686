"""SGD with momentum: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import Lr, Momentum, OptimizerParams, WeightDecay
from app.methods.method import Method


class MomentumSgd(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    elementwise: ClassVar[bool] = True
    kind: Literal["momentum_sgd"]
    lr: Lr = 0.1
    momentum: Momentum = 0.9
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=MomentumSgd,
    title="SGD with momentum",
    summary="Stochastic gradient descent with momentum.",
    source="Polyak 1964; torch.optim.SGD",
    order=20,
    look=Look(
        Color("#2a68ab", "#4787d3", "#2a68ab", "#5f9ae0"),
        dash="10px,3px",
        symbol="triangle-up",
        label="momentum SGD",
        phrase="SGD with momentum",
    ),
)
