"""Lion: what the optimizer is and takes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import RARE, Beta, Lr, OptimizerParams, WeightDecay
from app.methods.method import Method


class Lion(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-4, 3e-4, 1e-3)
    elementwise: ClassVar[bool] = True
    kind: Literal["lion"]
    lr: Lr = 3e-4
    betas: Annotated[
        tuple[Beta, Beta],
        Field(
            description="Weight of the running mean in the sign of a step, and decay rate of that mean, two numbers.",
            json_schema_extra=RARE,
        ),
    ] = (0.9, 0.99)
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=Lion,
    title="Lion",
    summary="Steps of equal size along the sign of a running mean of the gradient.",
    source="Chen et al. 2023, arXiv 2302.06675",
    order=90,
    look=Look(
        Color("#a87d3a", "#c98a1e", "#7d5c28", "#d99a30"),
        dash="8px,3px,2px,3px",
        symbol="star",
        label="Lion",
        phrase="Lion",
    ),
)
