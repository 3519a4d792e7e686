"""The erasure study: a picture in the initial weights, trained away by many optimizers at many learning rates.

A *cell* is one training: a width, an optimizer and a learning rate, from weights with the picture. Its *twin* is the
control from the same weights without it. These are the coordinates of its key.
"""

from collections.abc import Iterator
from math import ceil, log10
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from app.contract import stacks
from app.contract.entry import Entry
from app.contract.experiment import (
    PRODUCTS,
    BatchSize,
    Device,
    Experiment,
    FieldError,
    Pace,
    Replicates,
    Seed,
)
from app.contract.measures import Measure
from app.contract.params import RARE, OptimizerParams, unit
from app.contract.training_key import TrainingKey
from app.kinds.erasure.grids import Grid, GridChoice
from app.kinds.erasure.key import Cell as Cell
from app.kinds.erasure.key import ErasureKey as ErasureKey
from app.kinds.measures import BEST_ACCURACY
from app.methods.catalog import CATALOG, DatasetChoice, PictureChoice

MAX_CELLS = 2_000
# What a run costs, in the same measure as a training (`mflop`): about a month of one core. No run that was stored when
# products alone counted, up to 3e10, costs more.
MAX_MFLOP = 2.5e11
# Measured on a CPU against the Mflop of orthogonalising a matrix (docs/benchmarks.md): what a step does besides its
# products, an observation of an entry, and how much longer products of a step take than as many of those.
STEP_MFLOP, ENTRY_MFLOP, PRODUCT = 60.0, 0.095, 1.7
JUDGED = 10_000
"""Training images that the training accuracy is measured on, the first ones."""
# Validation and test images, about, as a share of the training images.
OTHERS = 0.3
CLASSES = 10
MAX_HELD_BACK = 2**28
"""Bytes of frames that may wait to be logged while earlier cells are still trained: each checkpoint has them."""
PER_DECADE = 4
"""Frames and measurements in each decade of steps."""


LayerName: TypeAlias = Literal["first", "middle", "last"]
Width: TypeAlias = Annotated[int, Field(ge=8, le=4096)]


def matrix_of(layer: LayerName, width: int, inputs: int) -> tuple[int, int]:
    """Return rows and columns of one of the three weight matrices: outputs by inputs."""
    return {"first": (width, inputs), "middle": (width, width), "last": (CLASSES, width)}[layer]


class ErasureSpec(Experiment):
    """Which optimizers erase a picture from a weight matrix while they learn.

    A multilayer perceptron inputs–width–width–10 with ReLU and no biases, from orthogonal weights. A replicate is every
    cell under one seed: all of its cells of one width start from the same weights.
    """

    kind: Literal["erasure"]
    picture: PictureChoice = Field(
        default_factory=lambda: CATALOG["picture"]["text"].params(kind="text"),
        description="The picture that is put into the weights.",
    )
    contrast: float = Field(
        1.0,
        gt=0,
        le=1,
        description="How much black changes a weight: the fraction that it takes away (multiplicative), or how many "
        "standard deviations of the weights it adds (additive).",
    )
    placement: Literal["multiplicative", "additive"] = Field(
        "multiplicative",
        description="Multiplicative: black makes weights smaller, at contrast 1 exactly 0. Additive: black adds to "
        "them.",
    )
    layer: LayerName = Field("middle", description="The weight matrix that gets the picture.")
    dataset: DatasetChoice
    widths: tuple[Width, ...] = Field(
        (256,),
        min_length=1,
        max_length=4,
        description="Units of both hidden layers; several widths are several networks.",
        json_schema_extra=unit("units"),
    )
    loss: Literal["mse", "cross_entropy"] = Field(
        "mse", description="Mean squared error on one-hot targets, as published, or cross-entropy."
    )
    protocol: Literal["corrected", "as_published"] = Field(
        "corrected",
        description="Corrected: batches are drawn from the whole training split. As published: only from its first "
        "images, as many as an image has pixels, as the published notebook does by mistake.",
        json_schema_extra=RARE,
    )
    optimizers: tuple[GridChoice, ...] = Field(
        min_length=1, max_length=16, description="Optimizers to compare, each at its own learning rates."
    )
    twins: bool = Field(True, description="Train each network a second time without the picture, as a control.")
    steps: int = Field(
        300, ge=1, le=100_000, description="Optimizer steps of one training.", json_schema_extra=unit("steps")
    )
    batch_size: BatchSize = 256
    replicates: Replicates = 3
    seed: Seed = 0
    device: Device = "any"

    key: ClassVar[type[TrainingKey]] = ErasureKey
    ends: ClassVar[str] = "ending"
    counted: ClassVar[Literal["never", "if cut short", "always"]] = "always"
    grows: ClassVar[frozenset[str]] = Experiment.grows | {"optimizers"}

    @property
    def model_name(self) -> str:
        """Return the name of its network in a list of runs."""
        return f"mlp_{'_'.join(map(str, self.widths))}"

    @property
    def work(self) -> tuple[int, str]:
        """Return how much the run is, and of what: networks trained."""
        return self.replicates * len(list(self.cells())), "training"

    @property
    def formula(self) -> str:
        """Return such as `3 replicates × 15 optimizers and rates × 2 (with and without the picture)`."""
        rates = sum(len(grid.lrs) for grid in self.optimizers)
        widths = f" × {len(self.widths)} widths" if len(self.widths) > 1 else ""
        twins = " × 2 (with and without the picture)" if self.twins else ""
        return f"{self.replicates} replicates × {rates} optimizers and rates{widths}{twins}"

    @property
    def units_per_replicate(self) -> int:
        """Return the Mflop of one replicate."""
        return sum(mflop for _, mflop in self.parts())

    @property
    def pace(self) -> Pace:
        """Return the pace of matrix products: nearly all of the work is that."""
        return PRODUCTS

    def cells(self) -> Iterator[Cell]:
        """Yield every training of a replicate, in the order in which they run."""
        for width in self.widths:
            for grid in self.optimizers:
                for lr in grid.lrs:
                    yield Cell(width, "picture", grid.kind, lr)
                    if self.twins:
                        yield Cell(width, "none", grid.kind, lr)

    def parts(self) -> Iterator[tuple[ErasureKey, int]]:
        """Yield every cell with its Mflop."""
        for cell in self.cells():
            yield cell.key, self.mflop(cell)

    def stacks(self, kind: str) -> bool:
        """Return whether cells of an optimizer can be trained at once as one stack."""
        params = CATALOG["optimizer"][kind].params
        assert issubclass(params, OptimizerParams)  # noqa: S101 (the group has nothing else)
        return params.elementwise and params.gradients == 1

    def named(self, key: TrainingKey) -> tuple[int, str]:
        """Return the index of the width, whose cells are a round, and the name of a cell among these."""
        assert isinstance(key, ErasureKey)  # noqa: S101 (the key of this kind)
        cell = key.cell
        rate = self.grid(cell.optimizer).lrs.index(cell.lr)
        return self.widths.index(cell.width), f"{cell.optimizer}/{rate}{'' if cell.marked else '/twin'}"

    def stack_groups(self, most: int) -> list[str]:
        """Return the rates of an optimizer, twins too, as far as memory can hold the frames of the later ones."""
        rows, columns = self.matrix(max(self.widths))
        room = 1 + MAX_HELD_BACK // (rows * columns * len(self.observed_steps()))
        names = dict[str, list[str]]()
        for cell in self.cells():
            if cell.width == self.widths[0] and self.stacks(cell.optimizer):
                names.setdefault(cell.optimizer, []).append(self.named(cell.key)[1])
        return [stack for group in names.values() for stack in stacks.even(group, min(most, room))]

    def extends(self, other: Experiment) -> str | None:
        """Return the field that keeps this spec from being `other` plus more work; None when it is just that.

        More optimizers, and more learning rates after those of an optimizer, recompute nothing either.
        """
        if not isinstance(other, ErasureSpec):
            return "kind"
        if field := super().extends(other):
            return field
        mine = {grid.kind: grid for grid in self.optimizers}
        for old in other.optimizers:
            new = mine.get(old.kind)
            # What was there keeps its place in the order of the log.
            if new is None or new.model_copy(update={"lrs": new.lrs[: len(old.lrs)]}) != old:
                return "optimizers"
        return None

    @property
    def pictured(self) -> tuple[tuple[int, int], ...]:
        """Return rows and columns of the middle matrix at each width."""
        return tuple(self.matrix(width) for width in self.widths)

    def matrix(self, width: int) -> tuple[int, int]:
        """Return rows and columns of the matrix that gets the picture."""
        return matrix_of(self.layer, width, self.dataset.n_inputs)

    def grid(self, kind: str) -> Grid:
        """Return the rates of an optimizer. Raises KeyError."""
        return {grid.kind: grid for grid in self.optimizers}[kind]

    def mflop(self, cell: Cell) -> int:
        """Return what one training costs, at least 1: the Mflop of orthogonalising matrices that take as long.

        It adds up gradients and what the optimizer multiplies at each step. At each observation it adds the matrix,
        entry by entry, and the images that accuracies are measured on.
        """
        inputs = self.dataset.n_inputs
        layers: tuple[LayerName, ...] = ("first", "middle", "last")
        kernels = [matrix_of(layer, cell.width, inputs) for layer in layers]
        params = self.grid(cell.optimizer).at(cell.lr)
        weights = sum(rows * columns for rows, columns in kernels)
        gradient = 6 * self.batch_size * weights / 1e6
        rounds = sum(4 * min(kernel) ** 2 * max(kernel) + 2 * min(kernel) ** 3 for kernel in kernels) / 1e6
        step = STEP_MFLOP + PRODUCT * params.gradients * gradient + params.rounds * rounds
        rows, columns = self.matrix(cell.width)
        images = min(self.n_images, JUDGED) + OTHERS * self.dataset.n_train
        look = ENTRY_MFLOP * rows * columns + 2 * weights * images / 1e6
        return round(self.steps * step + len(self.observed_steps()) * look)

    def observed_steps(self) -> tuple[int, ...]:
        """Return the steps at which a training is observed: 0, four in each decade, and the last."""
        many = ceil(PER_DECADE * log10(self.steps)) if self.steps > 1 else 0
        between = {round(10 ** (k / PER_DECADE)) for k in range(many + 1)}
        return (0, *sorted(step for step in between if step < self.steps), self.steps)

    @field_validator("optimizers")
    @classmethod
    def _in_order(cls, grids: tuple[Grid, ...]) -> tuple[Grid, ...]:
        """Return the grids in the catalog's order, whatever order they were named in: results do not depend on it."""
        known = list(CATALOG["optimizer"])
        return tuple(sorted(grids, key=lambda grid: known.index(grid.kind)))

    @model_validator(mode="after")
    def _consistent(self) -> "ErasureSpec":
        if self.dataset.examples != "pictures":
            raise FieldError("dataset", f"must be of pictures, and the examples are {self.dataset.examples}")
        kinds = [grid.kind for grid in self.optimizers]
        if len(set(kinds)) < len(kinds):
            raise FieldError("optimizers", "lists the same optimizer twice; add learning rates to it instead")
        for grid in self.optimizers:
            if len(set(grid.lrs)) < len(grid.lrs):
                raise FieldError(f"optimizers.{grid.kind}.lrs", "lists a learning rate twice")
        if len(set(self.widths)) < len(self.widths):
            raise FieldError("widths", "lists a width twice")
        if self.batch_size > self.n_images:
            raise FieldError("batch_size", f"must not exceed the {self.n_images:,} images that batches are drawn from")
        count, _ = self.work
        if count > MAX_CELLS:
            raise FieldError(
                "optimizers", f"{count:,} trainings exceed the limit of {MAX_CELLS:,}; remove learning rates"
            )
        mflop = self.replicates * self.units_per_replicate
        if mflop > MAX_MFLOP:
            dearest = max(self.cells(), key=self.mflop)
            raise FieldError(
                "widths",
                f"{mflop / 1e6:,.0f} Tflop in total exceed the limit of {MAX_MFLOP / 1e6:,.0f}; drop "
                f"{dearest.optimizer} or width {dearest.width} first, which costs most, or choose fewer steps",
            )
        return self

    @property
    def n_images(self) -> int:
        """Return the number of images that batches are drawn from."""
        n = self.dataset.n_train
        return n if self.protocol == "corrected" else min(n, self.dataset.n_inputs)


ENTRY = Entry(
    "workers.science.experiments.erasure:run",
    ErasureSpec,
    "Weight erasure",
    "Put a picture into the initial weights and train: which optimizers erase it, and which leave it visible?",
    "docs.modula.systems, weight erasure; Jesus et al. 2021, arXiv 2012.02550",
    measures=(
        BEST_ACCURACY,
        Measure("erased", "Share of trainings in which the picture is no more visible than chance.", over="trainings"),
    ),
)
