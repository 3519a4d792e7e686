"""Dualised: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import VIOLET
from app.contract.params import Lr, OptimizerParams
from app.methods.method import Method


class Dualised(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    rounds: ClassVar[int] = 6
    kind: Literal["dualised"]
    lr: Lr = 0.5


METHOD = Method(
    params=Dualised,
    title="Dualised",
    summary="Makes all singular values of a layer's update equal, by six Newton-Schulz iterations.",
    source="docs.modula.systems; Bernstein & Newhouse 2024, arXiv 2410.21265",
    order=50,
    look=Look(
        VIOLET,
        dash="solid",
        symbol="diamond",
        label="dualised",
        phrase="dualised",
    ),
)
