"""Knobs of every component: each field carries its range, its unit and a sentence of help.

A field's `unit` goes into the JSON schema (`json_schema_extra`), from where forms, docs and the API read it.
Every class names itself in a required `kind`, so that no two components can be confused by their defaults.
"""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


def unit(name: str) -> dict[str, Any]:
    """Extra JSON-schema key that tells a reader what a number counts."""
    return {"unit": name}


class Params(BaseModel):
    """Base of all component parameters: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str


Lr: TypeAlias = Annotated[
    float,
    Field(gt=0, le=100, description="Learning rate before the schedule.", json_schema_extra=unit("per step")),
]
WeightDecay: TypeAlias = Annotated[
    float,
    Field(ge=0, le=1, description="Decay of the weights; masked weights stay exactly 0."),
]
Beta: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Betas: TypeAlias = Annotated[
    tuple[Beta, Beta],
    Field(description="Decay of the running means of the gradient and of its square, as two numbers."),
]
Momentum: TypeAlias = Annotated[
    float, Field(ge=0, lt=1, description="Share of the last update that carries over to the next.")
]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]


# --- data sets ---------------------------------------------------------------------------------------------------


class DatasetParams(Params):
    """What every data set takes: pixels come in [0, 1]; standardising them is a choice.

    `n_train` is the number of examples in the training split, `n_inputs` that of an example's numbers.
    """

    n_train: ClassVar[int]
    n_inputs: ClassVar[int]

    normalise: bool = Field(
        False, description="Standardise each channel to mean 0 and spread 1 over the training split."
    )


class Digits(DatasetParams):
    n_train: ClassVar[int] = 1_257
    n_inputs: ClassVar[int] = 64
    kind: Literal["digits"]


class Mnist(DatasetParams):
    n_train: ClassVar[int] = 55_000
    n_inputs: ClassVar[int] = 784
    kind: Literal["mnist"]


class FashionMnist(DatasetParams):
    n_train: ClassVar[int] = 55_000
    n_inputs: ClassVar[int] = 784
    kind: Literal["fashion_mnist"]


class Cifar10(DatasetParams):
    n_train: ClassVar[int] = 45_000
    n_inputs: ClassVar[int] = 3_072
    kind: Literal["cifar10"]


class Cifar10Part(DatasetParams):
    n_train: ClassVar[int] = 9_000
    n_inputs: ClassVar[int] = 3_072
    kind: Literal["cifar10_10k"]


# --- models ------------------------------------------------------------------------------------------------------


class Lenet300100(Params):
    kind: Literal["lenet_300_100"]


class Conv2(Params):
    kind: Literal["conv_2"]


class Conv4(Params):
    kind: Literal["conv_4"]


class Conv6(Params):
    kind: Literal["conv_6"]


# --- optimizers --------------------------------------------------------------------------------------------------


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
    alpha: Beta = Field(0.99, description="Decay of the running mean of the gradient's square.")
    weight_decay: WeightDecay = 0.0


class Lion(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (1e-4, 3e-4, 1e-3)
    elementwise: ClassVar[bool] = True
    kind: Literal["lion"]
    lr: Lr = 3e-4
    betas: Annotated[
        tuple[Beta, Beta],
        Field(
            description="Share of the running mean in the sign that a step takes, and decay of that mean, as two "
            "numbers."
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
        description="Learning rate of AdamW, which moves what Muon does not: first and last layer, biases.",
        json_schema_extra=unit("per step"),
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
        description="Steps between two looks for the eigenbasis in which Adam's steps are taken.",
        json_schema_extra=unit("steps"),
    )


class Sam(OptimizerParams):
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    gradients: ClassVar[int] = 2
    kind: Literal["sam"]
    lr: Lr = 0.1
    rho: float = Field(
        0.05, gt=0, le=10, description="How far, in all weights together, the second gradient is taken uphill."
    )
    momentum: Momentum = 0.9
    weight_decay: WeightDecay = 0.0


# --- schedules ---------------------------------------------------------------------------------------------------


class Constant(Params):
    kind: Literal["constant"]


class StepDecay(Params):
    kind: Literal["step_decay"]
    milestones: tuple[Share, ...] = Field(
        (0.5, 0.75),
        min_length=1,
        max_length=10,
        description="Where the rate drops, as shares of the training, rising.",
        json_schema_extra=unit("share of steps"),
    )
    gamma: float = Field(0.1, gt=0, lt=1, description="Factor of each drop.")


class Cosine(Params):
    kind: Literal["cosine"]
    final: float = Field(0.0, ge=0, le=1, description="Rate at the last step, as a share of the first.")


class Warmup(Params):
    kind: Literal["warmup"]
    warmup_steps: int = Field(
        100, ge=1, le=1_000_000, description="Linear climb from 0, then constant.", json_schema_extra=unit("steps")
    )


# --- pruning -----------------------------------------------------------------------------------------------------


class LayerwiseMagnitude(Params):
    kind: Literal["layerwise_magnitude"]
    rate: Share = Field(
        0.2,
        description="Share of the kept weights of each linear layer that one round prunes.",
        json_schema_extra=unit("share of kept weights"),
    )
    conv_rate: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="The same for convolutions.",
        json_schema_extra=unit("share of kept weights"),
    )
    output_rate: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="The same for the output layer; the paper takes half the rate.",
        json_schema_extra=unit("share of kept weights"),
    )


class GlobalMagnitude(Params):
    kind: Literal["global_magnitude"]
    rate: Share = Field(
        0.2,
        description="Share of all kept weights that one round prunes, layers pooled; the output layer is counted "
        "but not pruned.",
        json_schema_extra=unit("share of kept weights"),
    )


# --- branches ----------------------------------------------------------------------------------------------------


class Branch(Params):
    """A control derived from a ticket; its draws are averaged within their replicate."""

    draws: int = Field(
        1, ge=1, le=10, description="Independent draws per replicate and level.", json_schema_extra=unit("draws")
    )


class Reinit(Branch):
    kind: Literal["reinit"]


class Shuffled(Branch):
    kind: Literal["shuffled"]


class RandomMask(Branch):
    kind: Literal["random"]


class MagnitudeAtInit(Params):
    kind: Literal["magnitude_at_init"]


# --- pictures ----------------------------------------------------------------------------------------------------


class PictureText(Params):
    kind: Literal["text"]
    text: str = Field(
        "a", min_length=1, max_length=16, description="What to write; a letter fills the picture.", pattern=r"\S"
    )


class PictureSample(Params):
    kind: Literal["sample"]
    name: Literal["cat", "astronaut", "coffee", "flower"] = Field("cat", description="Which photograph.")


class PictureUpload(Params):
    kind: Literal["upload"]
    png: str = Field(
        "",
        max_length=200_000,
        description="A grey PNG of at most 256×256 in base64; the page makes one of any picture that you drop or draw.",
    )
