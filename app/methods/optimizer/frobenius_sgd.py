"""Frobenius SGD: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import Lr, OptimizerParams
from app.methods.method import Method


class FrobeniusSgd(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.125, 0.25, 0.5)
    rounds: ClassVar[int] = 6
    kind: Literal["frobenius_sgd"]
    lr: Lr = 0.25


METHOD = Method(
    params=FrobeniusSgd,
    title="Frobenius SGD",
    summary="SGD whose steps have the Frobenius norm of the dualised ones.",
    source="Ours: a second control of the dualised optimizer",
    order=40,
    look=Look(
        Color("#5587bd", "#6b97c9", "#44709f", "#86aedb"),
        dash="2px,2.5px",
        symbol="triangle-right",
        label="Frobenius SGD",
        phrase="Frobenius SGD",
    ),
)
