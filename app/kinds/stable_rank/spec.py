"""Stable rank of updates against width: how many directions one step moves."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from app.contract.entry import Entry
from app.contract.experiment import PRODUCTS, Device, Experiment, FieldError, Pace, Replicates, Seed
from app.contract.params import unit
from app.contract.training_key import TrainingKey
from app.methods.catalog import DatasetChoice

Width: TypeAlias = Annotated[int, Field(ge=8, le=8192)]
Batch: TypeAlias = Annotated[int, Field(ge=1, le=8192)]
ROUNDS = 6


class StableRankKey(TrainingKey):
    """A gradient: that of a network of one width, on a batch of one size."""

    width: int = Field(ge=1, title="Width")
    batch_size: int = Field(ge=1, title="Batch size")


class StableRankSpec(Experiment):
    """Stable rank ‖·‖_F² / ‖·‖₂² of the middle matrix's first gradient and of its dualised update, by width and batch.

    The network is that of the erasure study: inputs–width–width–10, ReLU, no biases, orthogonal weights.
    """

    kind: Literal["stable_rank"]
    dataset: DatasetChoice
    widths: tuple[Width, ...] = Field(
        (32, 64, 128, 256, 512, 1024),
        min_length=1,
        max_length=12,
        description="Units of both hidden layers.",
        json_schema_extra=unit("units"),
    )
    batch_sizes: tuple[Batch, ...] = Field(
        (64, 512),
        min_length=1,
        max_length=4,
        description="Examples in the batch; the rank of a gradient cannot exceed it.",
        json_schema_extra=unit("examples"),
    )
    loss: Literal["mse", "cross_entropy"] = Field(
        "mse", description="Mean squared error on one-hot targets, as published, or cross-entropy."
    )
    replicates: Replicates = 3
    seed: Seed = 0
    device: Device = "any"

    key: ClassVar[type[TrainingKey]] = StableRankKey
    ends: ClassVar[str] = "stable_rank"

    @property
    def model_name(self) -> str:
        """Return the name of its network in a list of runs."""
        return f"mlp_{min(self.widths)}_to_{max(self.widths)}"

    @property
    def work(self) -> tuple[int, str]:
        """Return how much the run is, and of what: gradients taken."""
        return self.replicates * len(self.widths) * len(self.batch_sizes), "gradient"

    @property
    def formula(self) -> str:
        """Return such as `3 replicates × 6 widths × 2 batch sizes`."""
        return f"{self.replicates} replicates × {len(self.widths)} widths × {len(self.batch_sizes)} batch sizes"

    @property
    def units_per_replicate(self) -> int:
        """Return the Mflop of one replicate."""
        return sum(mflop for _, mflop in self.parts())

    @property
    def pace(self) -> Pace:
        """Return the pace of matrix products: nearly all of the work is that."""
        return PRODUCTS

    def parts(self) -> Iterator[tuple[StableRankKey, int]]:
        """Yield every gradient, width by width."""
        for width in self.widths:
            for batch in self.batch_sizes:
                yield StableRankKey(width=width, batch_size=batch), self.mflop(width, batch)

    def mflop(self, width: int, batch: int) -> int:
        """Return the millions of multiplications and additions of one gradient and its update, at least 1."""
        kernels = width * (self.dataset.n_inputs + width + 10)
        return max(1, round((6 * batch * kernels + ROUNDS * 6 * width**3) / 1e6))

    @model_validator(mode="after")
    def _consistent(self) -> "StableRankSpec":
        if self.dataset.examples != "pictures":
            raise FieldError("dataset", f"must be of pictures, and the examples are {self.dataset.examples}")
        for name in ("widths", "batch_sizes"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise FieldError(name, "lists a number twice")
        if max(self.batch_sizes) > self.dataset.n_train:
            raise FieldError("batch_sizes", f"must not exceed the {self.dataset.n_train:,} training examples")
        return self


ENTRY = Entry(
    "workers.science.experiments.stable_rank:run",
    StableRankSpec,
    "Stable rank of updates",
    "Along how many directions does a step move as networks get wider: for the raw gradient, and for the dualised one?",
    "docs.modula.systems, weight erasure",
)
