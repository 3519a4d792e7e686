"""Knobs of the optimizers, their rates in the erasure study and the cost of a step."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from app.contract.params.base import RARE, Beta, Betas, Lr, Momentum, Params, WeightDecay, unit


class OptimizerParams(Params):
    """What every optimizer says of itself: where it learns, and what a step costs.

    `lrs` is its default grid in the erasure study. One step takes `gradients` gradients and, per kernel, `rounds`
    rounds of matrix products as dear as one of Newton-Schulz: X Xᵀ, its square, and their product with X. One that is
    `elementwise` moves each weight by what it knows of that weight, so that it can train kept weights alone; with one
    gradient a step it also does to a stack of networks what it would do to each.
    """

    lrs: ClassVar[tuple[float, ...]]
    rounds: ClassVar[int] = 0
    gradients: ClassVar[int] = 1
    elementwise: ClassVar[bool] = True

    lr: Lr


class Sgd(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (0.5, 1.0, 2.0)
    elementwise: ClassVar[bool] = True
    kind: Literal["sgd"]
    lr: Lr = 0.1
    momentum: Momentum = 0.0
    weight_decay: WeightDecay = 0.0


class MomentumSgd(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    elementwise: ClassVar[bool] = True
    kind: Literal["momentum_sgd"]
    lr: Lr = 0.1
    momentum: Momentum = 0.9
    weight_decay: WeightDecay = 0.0


class SpectralSgd(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    kind: Literal["spectral_sgd"]
    lr: Lr = 0.5


class FrobeniusSgd(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.125, 0.25, 0.5)
    rounds: ClassVar[int] = 6
    kind: Literal["frobenius_sgd"]
    lr: Lr = 0.25


class Dualised(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    rounds: ClassVar[int] = 6
    kind: Literal["dualised"]
    lr: Lr = 0.5


class Adam(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    elementwise: ClassVar[bool] = True
    kind: Literal["adam"]
    lr: Lr = 1.2e-3
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0


class AdamW(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    elementwise: ClassVar[bool] = True
    kind: Literal["adamw"]
    lr: Lr = 1.2e-3
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.01


class RmsProp(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-3, 3e-3, 1e-2)
    elementwise: ClassVar[bool] = True
    kind: Literal["rmsprop"]
    lr: Lr = 1e-3
    alpha: Beta = Field(
        0.99, description="Decay rate of the running mean of the squared gradient.", json_schema_extra=RARE
    )
    weight_decay: WeightDecay = 0.0


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


class Muon(OptimizerParams):
    elementwise: ClassVar[bool] = False
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


class Shampoo(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.1, 0.3, 1.0)
    # Measured, as SOAP's, on square kernels; the longer side of a long one costs more than the rounds say.
    rounds: ClassVar[int] = 22
    kind: Literal["shampoo"]
    lr: Lr = 0.3
    weight_decay: WeightDecay = 0.0


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
