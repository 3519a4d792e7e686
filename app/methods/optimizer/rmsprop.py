"""RMSprop: what the optimizer is and takes."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import RARE, Beta, Lr, OptimizerParams, WeightDecay
from app.methods.method import Method


class RmsProp(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    elementwise: ClassVar[bool] = True
    kind: Literal["rmsprop"]
    lr: Lr = 1e-3
    alpha: Beta = Field(
        0.99, description="Decay rate of the running mean of the squared gradient.", json_schema_extra=RARE
    )
    weight_decay: WeightDecay = 0.0


METHOD = Method(
    params=RmsProp,
    title="RMSprop",
    summary="Steps divided by the running root mean square of the gradient.",
    source="Tieleman & Hinton 2012; torch.optim.RMSprop",
    order=80,
    look=Look(
        Color("#8a5a08", "#f5c873", "#7a5008", "#f5c873"),
        dash="2px,2.5px",
        symbol="cross",
        label="RMSprop",
        phrase="RMSprop",
    ),
)
