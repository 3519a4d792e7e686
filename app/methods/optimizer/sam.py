"""SAM: what the optimizer is and takes."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.look import Look
from app.contract.palette import INK
from app.contract.params import Lr, Momentum, OptimizerParams, WeightDecay
from app.methods.method import Method


class Sam(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    gradients: ClassVar[int] = 2
    kind: Literal["sam"]
    lr: Lr = 0.1
    rho: float = Field(
        0.05,
        gt=0,
        le=10,
        title="Neighbourhood (rho)",
        description="Distance uphill, in the norm of all weights, at which the second gradient is taken.",
    )
    momentum: Momentum = 0.9
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=Sam,
    title="SAM",
    summary="SGD with the gradient taken a small step uphill, which avoids sharp minima; two gradients per step.",
    source="Foret et al. 2021, arXiv 2010.01412",
    order=130,
    look=Look(
        INK,
        dash="4px,2px",
        symbol="hourglass",
        label="SAM",
        phrase="SAM",
    ),
)
