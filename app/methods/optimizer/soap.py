"""SOAP: what the optimizer is and takes."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import RARE, Betas, Lr, OptimizerParams, WeightDecay, unit
from app.methods.method import Method


class Soap(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    rounds: ClassVar[int] = 5
    kind: Literal["soap"]
    lr: Lr = 3e-3
    betas: Betas = (0.95, 0.95)
    weight_decay: WeightDecay = 0.0
    precondition_frequency: int = Field(
        10,
        ge=1,
        le=10_000,
        description="Steps between updates of the eigenbasis in which Adam's steps are taken.",
        json_schema_extra=unit("steps") | RARE,
    )


METHOD = Method(
    params=Soap,
    title="SOAP",
    summary="Adam in the eigenbasis of Shampoo.",
    source="Vyas et al. 2024, arXiv 2409.11321; pytorch_optimizer",
    order=120,
    look=Look(
        Color("#bb4a7c", "#d4618f", "#a83d6c", "#e07aa3"),
        dash="6px,3px",
        symbol="bowtie",
        label="SOAP",
        phrase="SOAP",
    ),
)
