"""Muon: what the optimizer is and takes."""

from typing import ClassVar, Literal

from pydantic import Field

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import RARE, Lr, Momentum, OptimizerParams, WeightDecay, unit
from app.methods.method import Method


class Muon(OptimizerParams):
    elementwise: ClassVar[bool] = False
    needs_roles: ClassVar[bool] = True
    lrs: ClassVar[tuple[float, ...]] = (0.005, 0.01, 0.02)
    rounds: ClassVar[int] = 5
    kind: Literal["muon"]
    lr: Lr = 0.02
    momentum: Momentum = 0.95
    weight_decay: WeightDecay = 0.0
    adamw_lr: float = Field(
        1.2e-3,
        gt=0,
        le=100,
        title="Learning rate of AdamW",
        description="For what Muon does not train: first and last layer, biases.",
        json_schema_extra=unit("per step") | RARE,
    )


METHOD = Method(
    params=Muon,
    title="Muon",
    summary="Orthogonalised momentum on the hidden matrices, AdamW on the rest.",
    source="Jordan et al. 2024; torch.optim.Muon",
    order=100,
    look=Look(
        Color("#5f2f9c", "#cbaaf8"),
        dash="7px,3px",
        symbol="hexagram",
        label="Muon",
        phrase="Muon",
    ),
)
