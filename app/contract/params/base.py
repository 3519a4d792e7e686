"""Knobs of every component: each field carries its range, its unit and a sentence of help.

A field's `unit` goes into the JSON schema (`json_schema_extra`), from where forms, docs and the API read it.
Every class names itself in a required `kind`, so that no two components can be confused by their defaults.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field

from app.contract.budgets import Kernel, convolutional, kept_layerwise, kept_pooled, linear
from app.contract.strict import Strict


def unit(name: str) -> dict[str, Any]:
    """Return the JSON-schema key that says what a number counts."""
    return {"unit": name}


RARE: dict[str, Any] = {"rare": True}
"""JSON-schema key of a field that few set: forms fold it away."""


def when(**values: Sequence[str]) -> dict[str, Any]:
    """Return the JSON-schema key of a field that applies only while other fields of the spec have these values."""
    return {"when": {path: list(allowed) for path, allowed in values.items()}}


class Params(Strict):
    """Base of all component parameters: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str


Lr: TypeAlias = Annotated[
    float,
    Field(
        gt=0,
        le=100,
        title="Learning rate",
        description="Learning rate before the schedule.",
        json_schema_extra=unit("per step"),
    ),
]
WeightDecay: TypeAlias = Annotated[
    float,
    Field(ge=0, le=1, description="Weight decay; masked weights stay exactly 0.", json_schema_extra=RARE),
]
Beta: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Betas: TypeAlias = Annotated[
    tuple[Beta, Beta],
    Field(
        description="Decay rates of the running means of the gradient and of its square, two numbers.",
        json_schema_extra=RARE,
    ),
]
Momentum: TypeAlias = Annotated[
    float, Field(ge=0, lt=1, description="Fraction of the last update that is added to the next.")
]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]


# --- data sets ---------------------------------------------------------------------------------------------------


class DatasetParams(Params):
    """What every data set takes: pixels come in [0, 1]; standardising them is a choice.

    `n_train` and `n_test` are the numbers of examples in the training and the test split, `n_inputs` that of an
    example's numbers, which come as `shape`: channels, height, width.
    """

    n_train: ClassVar[int]
    n_test: ClassVar[int]
    n_inputs: ClassVar[int]
    shape: ClassVar[tuple[int, int, int]]

    normalise: bool = Field(
        False,
        title="Standardise the pixels",
        description="Scale each channel to mean 0 and standard deviation 1 over the training split.",
        json_schema_extra=RARE,
    )


class Digits(DatasetParams):
    n_train: ClassVar[int] = 1_257
    n_test: ClassVar[int] = 360
    n_inputs: ClassVar[int] = 64
    shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    kind: Literal["digits"]


class Mnist(DatasetParams):
    n_train: ClassVar[int] = 55_000
    n_test: ClassVar[int] = 10_000
    n_inputs: ClassVar[int] = 784
    shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    kind: Literal["mnist"]


class FashionMnist(DatasetParams):
    n_train: ClassVar[int] = 55_000
    n_test: ClassVar[int] = 10_000
    n_inputs: ClassVar[int] = 784
    shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    kind: Literal["fashion_mnist"]


class Cifar10(DatasetParams):
    n_train: ClassVar[int] = 45_000
    n_test: ClassVar[int] = 10_000
    n_inputs: ClassVar[int] = 3_072
    shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    kind: Literal["cifar10"]


class Cifar10Part(DatasetParams):
    n_train: ClassVar[int] = 9_000
    n_test: ClassVar[int] = 1_000
    n_inputs: ClassVar[int] = 3_072
    shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    kind: Literal["cifar10_10k"]


# --- models ------------------------------------------------------------------------------------------------------


class ModelParams(Params, ABC):
    """What every model says of itself: which kernels it has on pictures of a shape (channels, height, width)."""

    @abstractmethod
    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        """Return the prunable kernels in the model's order."""

    def misfit(self, shape: tuple[int, int, int]) -> str | None:  # noqa: ARG002 (most models take any)
        """Return why the model cannot take pictures of a shape; None where it can."""
        return None


def too_small(shape: tuple[int, int, int], halvings: int) -> str | None:
    """Return what is said of pictures that cannot be halved that often; None where they can."""
    _, height, width = shape
    if min(height, width) >> halvings:
        return None
    return f"it halves pictures {halvings} times, and of {height}×{width} pixels nothing would be left"


class Lenet300100(ModelParams):
    kind: Literal["lenet_300_100"]

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(linear(shape[0] * shape[1] * shape[2], (300, 100)))


class ConvParams(ModelParams, ABC):
    """Models with convolutions; `widths` are the channels of each pair."""

    widths: ClassVar[tuple[int, ...]]

    def kernels(self, shape: tuple[int, int, int]) -> list[Kernel]:
        return list(convolutional(shape, self.widths))

    def misfit(self, shape: tuple[int, int, int]) -> str | None:
        return too_small(shape, len(self.widths))


class Conv2(ConvParams):
    kind: Literal["conv_2"]
    widths: ClassVar[tuple[int, ...]] = (64,)


class Conv4(ConvParams):
    kind: Literal["conv_4"]
    widths: ClassVar[tuple[int, ...]] = (64, 128)


class Conv6(ConvParams):
    kind: Literal["conv_6"]
    widths: ClassVar[tuple[int, ...]] = (64, 128, 256)


CONVOLUTIONAL: tuple[str, ...] = tuple(get_args(each.__annotations__["kind"])[0] for each in (Conv2, Conv4, Conv6))
"""Kinds of the models with convolutions."""


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


# --- schedules ---------------------------------------------------------------------------------------------------


class Constant(Params):
    kind: Literal["constant"]


class StepDecay(Params):
    kind: Literal["step_decay"]
    milestones: tuple[Share, ...] = Field(
        (0.5, 0.75),
        min_length=1,
        max_length=10,
        description="When the learning rate drops, as increasing fractions of the training.",
        json_schema_extra=unit("fraction of steps"),
    )
    gamma: float = Field(
        0.1, gt=0, lt=1, title="Drop factor (gamma)", description="Factor on the learning rate at each drop."
    )


class Cosine(Params):
    kind: Literal["cosine"]
    final: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Final fraction",
        description="Learning rate at the last step, as a fraction of the first.",
    )


class Warmup(Params):
    kind: Literal["warmup"]
    warmup_steps: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Steps of linear increase from 0; constant afterwards.",
        json_schema_extra=unit("steps"),
    )


# --- pruning -----------------------------------------------------------------------------------------------------


class PruningParams(Params, ABC):
    """What every pruning method says of itself: how many weights its rounds leave."""

    @abstractmethod
    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        """Return the weights that `rounds` rounds leave in each kernel; pooled kernels are summed in the first."""


class LayerwiseMagnitude(PruningParams):
    kind: Literal["layerwise_magnitude"]
    rate: Share = Field(
        0.2,
        title="Pruning rate",
        description="Fraction of the remaining weights of each linear layer that one round prunes.",
        json_schema_extra=unit("fraction pruned per round"),
    )
    conv_rate: float = Field(
        0.1,
        ge=0,
        lt=1,
        title="Pruning rate of convolutions",
        description="The same for convolutions.",
        json_schema_extra=unit("fraction pruned per round") | when(model=CONVOLUTIONAL),
    )
    output_rate: float = Field(
        0.1,
        ge=0,
        lt=1,
        title="Pruning rate of the output layer",
        description="The same for the output layer; the paper uses half the rate.",
        json_schema_extra=unit("fraction pruned per round"),
    )

    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        rates = {"linear": self.rate, "conv": self.conv_rate, "output": self.output_rate}
        return [kept_layerwise(kernel.weights, rates[kernel.role], rounds) for kernel in kernels]


class GlobalMagnitude(PruningParams):
    kind: Literal["global_magnitude"]
    rate: Share = Field(
        0.2,
        title="Pruning rate",
        description="Fraction of all remaining weights that one round prunes, layers pooled; the output layer is "
        "counted but not pruned.",
        json_schema_extra=unit("fraction pruned per round"),
    )

    def kept(self, kernels: Sequence[Kernel], rounds: int) -> list[int]:
        everything = sum(kernel.weights for kernel in kernels)
        output = sum(kernel.weights for kernel in kernels if kernel.role == "output")
        return [kept_pooled(everything, everything - output, self.rate, rounds), output]


# --- branches ----------------------------------------------------------------------------------------------------


class Branch(Params):
    """A control derived from a ticket; its draws are averaged within their replicate."""

    draws: int = Field(
        1, ge=1, le=10, description="Independent repetitions per replicate and level.", json_schema_extra=unit("draws")
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
        "a", min_length=1, max_length=16, description="The text; one letter fills the picture.", pattern=r"\S"
    )


class PictureSample(Params):
    kind: Literal["sample"]
    name: Literal["cat", "astronaut", "coffee", "flower"] = Field("cat", title="Photograph", description="One of four.")


class PictureUpload(Params):
    kind: Literal["upload"]
    png: str = Field(
        "",
        max_length=200_000,
        title="PNG",
        description="A grey PNG of at most 256×256 in base64; the page makes one of any picture that you drop or draw.",
    )
