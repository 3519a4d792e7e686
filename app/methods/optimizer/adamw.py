"""AdamW: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import Betas, Lr, OptimizerParams, WeightDecay
from app.methods.method import Method


class AdamW(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    elementwise: ClassVar[bool] = True
    kind: Literal["adamw"]
    lr: Lr = 1.2e-3
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.01


METHOD = Method(
    params=AdamW,
    title="AdamW",
    summary="Adam with weight decay decoupled from the gradient.",
    source="Loshchilov & Hutter 2019, arXiv 1711.05101",
    order=70,
    look=Look(
        Color("#a06a12", "#d6a044", "#855a14", "#d6a044"),
        dash="7px,3px",
        symbol="pentagon",
        label="AdamW",
        phrase="AdamW",
    ),
)
