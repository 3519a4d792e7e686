"""One spec per experiment kind: all that a run is, and nothing that depends on where it runs."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from app.contract.catalog import (
    BranchChoice,
    DatasetChoice,
    Entry,
    ModelChoice,
    OptimizerChoice,
    PruningChoice,
    ScheduleChoice,
)
from app.contract.params import Constant, Params, unit

# What one run may ask for; more is refused with the number named. A paper-scale LeNet run of 20 replicates fits.
MAX_TRAININGS = 20_000
MAX_STEPS = 500_000_000
# A row of the log each, and a look at every validation and test example: the paper-scale run has 163,000.
MAX_EVALUATIONS = 2_000_000


def draws(branch: Params) -> int:
    """How many times a control is drawn per replicate and level; a deterministic one counts once."""
    n: int = getattr(branch, "draws", 1)
    return n


class LotterySpec(Params):
    """Iterative or one-shot magnitude pruning with rewinding, and its controls.

    A replicate is the whole procedure under one seed: a dense network (level 0), then `levels` rounds of pruning and
    training. Each control branch trains at every level from 1 on; at level 0 it would be the dense network itself.
    """

    kind: Literal["lottery"]
    dataset: DatasetChoice
    model: ModelChoice
    optimizer: OptimizerChoice
    schedule: ScheduleChoice = Constant(kind="constant")
    steps: int = Field(
        ge=1, le=1_000_000, description="Optimizer steps of one training.", json_schema_extra=unit("steps")
    )
    batch_size: int = Field(60, ge=1, le=8192, description="Examples per step.", json_schema_extra=unit("examples"))
    eval_every: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Steps between evaluations on the validation and test splits; step 0 and the last are always "
        "evaluated.",
        json_schema_extra=unit("steps"),
    )
    pruning: PruningChoice
    mode: Literal["iterative", "one_shot"] = Field(
        "iterative",
        description="Iterative: each level prunes the one before it. One-shot: each level prunes the trained dense "
        "network down to the same number of weights.",
    )
    levels: int = Field(
        ge=1, le=60, description="Pruning rounds after the dense network.", json_schema_extra=unit("rounds")
    )
    rewind: Literal["weights", "fine_tune", "none"] = Field(
        "weights",
        description="Weights: survivors go back to their values at the rewind step. Fine-tune: they keep their "
        "trained values and train on at the schedule's last rate. None: they keep them and the schedule starts over.",
    )
    rewind_step: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="The step to which weights, biases, schedule and data order go back; 0 is initialisation.",
        json_schema_extra=unit("steps"),
    )
    branches: tuple[BranchChoice, ...] = Field(
        (), max_length=8, description="Controls that train beside the winning ticket at every level."
    )
    replicates: int = Field(
        3,
        ge=1,
        le=100,
        description="Independent repetitions of the whole procedure; n of every figure.",
        json_schema_extra=unit("replicates"),
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Root of every random draw of the run.")
    device: Literal["any", "cpu", "gpu"] = Field("any", description="Which workers may take the run.")

    @property
    def dataset_name(self) -> str:
        """What a list of runs calls its data."""
        return self.dataset.kind

    @property
    def model_name(self) -> str:
        """What a list of runs calls its network."""
        return self.model.kind

    @property
    def work(self) -> tuple[int, str]:
        """How much the run is, and of what: networks trained."""
        return self.trainings, "training"

    @property
    def trainings_per_replicate(self) -> int:
        """One dense network, then the ticket and every draw of every control at each level."""
        return 1 + self.levels * (1 + sum(draws(branch) for branch in self.branches))

    @property
    def trainings(self) -> int:
        """Networks trained by the whole run."""
        return self.replicates * self.trainings_per_replicate

    @model_validator(mode="after")
    def _consistent(self) -> "LotterySpec":
        kinds = [branch.kind for branch in self.branches]
        if len(set(kinds)) < len(kinds):
            raise FieldError("branches", "the same control is named twice; give it more draws instead")
        if self.rewind != "weights" and self.rewind_step:
            raise FieldError("rewind_step", f"must be 0 when rewind is {self.rewind!r}: nothing is rewound")
        if self.rewind_step >= self.steps:
            raise FieldError("rewind_step", f"must lie before the last step, {self.steps}")
        if self.rewind == "fine_tune" and getattr(self.schedule, "final", None) == 0:
            raise FieldError("schedule.final", "must be above 0 to fine-tune: its last rate is the rate of fine-tuning")
        if self.eval_every > self.steps:
            raise FieldError("eval_every", f"must not exceed steps, {self.steps}")
        if self.batch_size > self.dataset.n_train:
            raise FieldError("batch_size", f"must not exceed the {self.dataset.n_train:,} training examples")
        if self.trainings > MAX_TRAININGS:
            raise FieldError("replicates", f"{self.trainings:,} trainings exceed the bound of {MAX_TRAININGS:,}")
        if self.trainings * self.steps > MAX_STEPS:
            raise FieldError("steps", f"{self.trainings * self.steps:,} steps in all exceed the bound of {MAX_STEPS:,}")
        evaluations = self.trainings * (self.steps // self.eval_every + 2)
        if evaluations > MAX_EVALUATIONS:
            raise FieldError(
                "eval_every", f"{evaluations:,} evaluations in all exceed the bound of {MAX_EVALUATIONS:,}"
            )
        return self

    def extends(self, other: "LotterySpec") -> str | None:
        """The field that keeps this spec from being `other` plus more work; None when it is just that.

        More replicates, levels, draws or branches recompute nothing; any other difference makes another experiment.
        """
        grown = {"replicates", "levels", "branches"}
        for field in type(self).model_fields:
            if field not in grown and getattr(self, field) != getattr(other, field):
                return field
        mine = {branch.kind: draws(branch) for branch in self.branches}
        if any(mine.get(branch.kind, 0) < draws(branch) for branch in other.branches):
            return "branches"
        if self.replicates < other.replicates:
            return "replicates"
        return "levels" if self.levels < other.levels else None


class ImportedSpec(Params):
    """Masks that somebody brought along: file i is level i of the one replicate. Nothing is trained."""

    kind: Literal["imported"]
    files: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = Field(
        min_length=1, max_length=61, description="Names of the files, level by level."
    )
    layers: int = Field(ge=1, le=400, description="Prunable layers of the network.", json_schema_extra=unit("layers"))
    levels: int = Field(ge=0, le=60, description="Files after the first.", json_schema_extra=unit("rounds"))
    replicates: Literal[1] = Field(1, description="A sequence of files is one replicate.")

    @property
    def dataset_name(self) -> str:
        """Data are not part of an import; its files stand in their place."""
        return _number(len(self.files), "file")

    @property
    def model_name(self) -> str:
        """The network as far as it is known."""
        return _number(self.layers, "layer")

    @property
    def work(self) -> tuple[int, str]:
        """How much the run is, and of what: masks."""
        return len(self.files), "mask"

    @model_validator(mode="after")
    def _consistent(self) -> "ImportedSpec":
        if self.levels != len(self.files) - 1:
            raise FieldError("levels", f"must be {len(self.files) - 1}: every file is a level")
        return self


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class FieldError(ValueError):
    """A contradiction between fields, blamed on one of them: `field` is its dotted path."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


EXPERIMENTS: Mapping[str, Entry] = {
    "lottery": Entry(
        "workers.science.experiments.lottery:run",
        LotterySpec,
        "Lottery tickets",
        "Prune, rewind, train again: does a sparse subnetwork learn as well as the dense one, and do its controls?",
        "Frankle & Carbin 2019, arXiv 1803.03635",
    ),
}

# What a run may be: an experiment that workers do, or masks that came from elsewhere.
Spec: TypeAlias = Annotated[LotterySpec | ImportedSpec, Field(discriminator="kind")]

TITLES: Mapping[str, str] = {**{kind: entry.title for kind, entry in EXPERIMENTS.items()}, "imported": "Imported masks"}
"""What a reader calls each kind of run."""
