"""Lottery tickets: iterative or one-shot pruning with rewinding, and its controls."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from app.contract import stacks
from app.contract.entry import Entry
from app.contract.events import WINNING_TICKET
from app.contract.experiment import BatchSize, Device, Experiment, FieldError, Pace, Replicates, Seed
from app.contract.measures import Measure
from app.contract.params import RARE, misfit, unit, when
from app.contract.training_key import TrainingKey
from app.contract.words import plural
from app.kinds.lottery.key import LotteryKey as LotteryKey
from app.kinds.lottery.key import draws
from app.kinds.lottery.limits import check_size
from app.kinds.measures import TICKETS
from app.methods.catalog import (
    ControlChoice,
    DatasetChoice,
    ModelChoice,
    OptimizerChoice,
    PruningChoice,
    ScheduleChoice,
)
from app.methods.schedule.constant import Constant


class LotterySpec(Experiment):
    """Iterative or one-shot magnitude pruning with rewinding, and its controls.

    A replicate is the whole procedure under one seed: a dense network (level 0), then `levels` rounds of pruning and
    training. Each control trains at every level from 1 on; at level 0 it would be the dense network itself.
    """

    kind: Literal["lottery"]
    dataset: DatasetChoice
    model: ModelChoice
    init: Literal["glorot_normal", "kaiming_normal", "kaiming_uniform", "orthogonal", "normal"] = Field(
        "glorot_normal",
        title="Initialisation",
        description="How kernels are drawn. Glorot: variance 2 / (fan in + fan out). Kaiming: variance 2 / fan in. "
        "Orthogonal: orthonormal rows or columns. Normal: standard deviation 0.02. Biases begin at 0, the scales of "
        "norms at 1.",
        json_schema_extra=RARE,
    )
    optimizer: OptimizerChoice
    schedule: ScheduleChoice = Constant(kind="constant")
    steps: int = Field(
        ge=1, le=1_000_000, description="Optimizer steps of one training.", json_schema_extra=unit("steps")
    )
    batch_size: BatchSize = 60
    eval_every: int = Field(
        100,
        ge=1,
        le=1_000_000,
        title="Evaluate every",
        description="Steps between evaluations on the validation and test splits; the first and the last step are "
        "always evaluated.",
        json_schema_extra=unit("steps"),
    )
    augmentation: Literal["none", "pad_crop_flip"] = Field(
        "none",
        description="Pad, crop, flip: each time a training image is used, it is shifted by up to 4 pixels each way, "
        "padded with black, and mirrored with probability 1/2.",
        json_schema_extra=RARE,
    )
    pruning: PruningChoice
    mode: Literal["iterative", "one_shot"] = Field(
        "iterative",
        title="Iterative or one-shot",
        description="Iterative: each level prunes the one before it. One-shot: each level prunes the trained dense "
        "network down to the same number of weights.",
    )
    levels: int = Field(
        ge=1, le=60, description="Pruning rounds after the dense network.", json_schema_extra=unit("rounds")
    )
    rewind: Literal["weights", "fine_tune", "none"] = Field(
        "weights",
        title="Rewinding",
        description="Weights: the remaining weights are reset to their values at the rewind step. Fine-tune: they keep "
        "their trained values and train on at the last learning rate. None: they keep them and the schedule restarts.",
    )
    rewind_step: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="The step that weights, biases, schedule and data order are reset to; 0 is initialisation.",
        json_schema_extra=unit("steps") | when(rewind=["weights"]),
    )
    branches: tuple[ControlChoice, ...] = Field(
        (),
        max_length=8,
        title="Controls",
        description="Networks trained at every level for comparison with the winning ticket.",
    )
    sparse_training: Literal["auto", "off"] = Field(
        "auto",
        description="Auto: on a CPU, linear layers train in a sparse format (CSR) below the density at which that was "
        "measured to be faster on this machine; results differ by rounding, which RMSprop amplifies. Off: always "
        "masked and dense.",
        json_schema_extra=RARE | when(device=["any", "cpu"], precision=["float32"]),
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="bfloat16: the matrix products of a training step are computed in 16 bits (autocast), which GPUs "
        "do faster; weights, optimizers and evaluations stay in 32 bits, and every layer is dense.",
        json_schema_extra=RARE,
    )
    replicates: Replicates = 3
    seed: Seed = 0
    device: Device = "any"

    key: ClassVar[type[TrainingKey]] = LotteryKey
    ends: ClassVar[str] = "outcome"
    counted: ClassVar[Literal["never", "if cut short", "always"]] = "if cut short"
    saves_tickets: ClassVar[bool] = True
    grows: ClassVar[frozenset[str]] = frozenset({"replicates", "levels", "branches"})

    @property
    def model_name(self) -> str:
        """Return the name of its network in a list of runs."""
        return self.model.label

    @property
    def work(self) -> tuple[int, str]:
        """Return how much the run is, and of what: networks trained."""
        return self.trainings, "training"

    @property
    def formula(self) -> str:
        """Return such as `3 replicates × (1 dense + 11 levels × (1 ticket + 2 controls))`."""
        controls = sum(draws(control) for control in self.branches)
        level = f"1 ticket + {plural(controls, 'control')}" if controls else "1 ticket"
        return f"{plural(self.replicates, 'replicate')} × (1 dense + {plural(self.levels, 'level')} × ({level}))"

    def density(self, level: int) -> float:
        """Return the share of prunable weights, in [0, 1], that the pruning method leaves at a level."""
        kernels = self.model.kernels(self.dataset.shape, self.dataset.n_classes)
        return sum(self.pruning.kept(kernels, level)) / sum(kernel.weights for kernel in kernels)

    @property
    def lowest_density(self) -> float:
        """Return the density in (0, 1] of the last level; at least one weight counts as kept."""
        weights = sum(kernel.weights for kernel in self.model.kernels(self.dataset.shape, self.dataset.n_classes))
        return max(self.density(self.levels), 1 / weights)

    @property
    def outlook(self) -> str:
        """Return such as `11 levels end at 9.0 % density`."""
        ends = "ends" if self.levels == 1 else "end"
        percent = 100 * self.density(self.levels)
        text = f"{percent:.1f}" if percent >= 1 else f"{percent:.2g}"
        return f"{plural(self.levels, 'level')} {ends} at {text} % density"

    @property
    def units_per_replicate(self) -> int:
        """Return the optimizer steps of one replicate.

        Trainings that are rewound to step k do not repeat the first k.
        """
        rewound = 1 + sum(draws(control) for control in self.branches if control.rewound)
        return self.trainings_per_replicate * self.steps - self.levels * rewound * self.rewind_step

    @property
    def pace(self) -> Pace:
        """Return the pace: that of the same network on the same pictures, with the same augmentation and precision."""
        usual = {"none", "float32"}
        pictures = [self.dataset.kind, *(item for item in (self.augmentation, self.precision) if item not in usual)]
        evaluated = self.dataset.n_validation + self.dataset.n_test
        return Pace(self.model.label, ", ".join(pictures), self.batch_size, "per step", evaluated, self.eval_every)

    @property
    def stackable(self) -> bool:
        """Return whether its model and its optimizer allow a stack: a stack gives it one gradient a step."""
        return self.model.stackable and self.optimizer.elementwise and self.optimizer.gradients == 1

    def stack_groups(self, most: int) -> list[str]:
        """Return stacks of the ticket of a level and its controls: of those with the same first step and rates."""
        groups = dict[tuple[int, bool], list[str]]()
        # Masks that are found as the ticket trains are there for its controls only when it has ended.
        first = self.pruning.acts == "during training"
        for key, steps in self.parts() if self.stackable else ():
            if key.level == 1:
                own_rate = (first or self.rewind == "fine_tune") and key.control == WINNING_TICKET
                groups.setdefault((steps, own_rate), []).append(self.named(key)[1])
        return [stack for group in groups.values() for stack in stacks.even(group, most)]

    @property
    def trainings_per_replicate(self) -> int:
        """Return the number of trainings: one dense, then the ticket and every draw of every control at each level."""
        return 1 + self.levels * (1 + sum(draws(control) for control in self.branches))

    @property
    def trainings(self) -> int:
        """Return the number of networks trained by the whole run."""
        return self.replicates * self.trainings_per_replicate

    def named(self, key: TrainingKey) -> tuple[int, str]:
        """Return the level of a training, and its name there."""
        assert isinstance(key, LotteryKey)  # noqa: S101 (the key of this kind)
        return key.level, f"{key.control}/{key.draw}"

    def parts(self) -> Iterator[tuple[LotteryKey, int]]:
        """Yield every training with its steps, level by level, the ticket before every draw of every control."""
        yield LotteryKey(), self.steps
        for level in range(1, self.levels + 1):
            yield LotteryKey(level=level), self.steps - self.rewind_step
            for control in self.branches:
                first = self.rewind_step if control.rewound else 0
                for draw in range(draws(control)):
                    yield LotteryKey(level=level, control=control.kind, draw=draw), self.steps - first

    @model_validator(mode="after")
    def _consistent(self) -> "LotterySpec":
        kinds = [control.kind for control in self.branches]
        if len(set(kinds)) < len(kinds):
            raise FieldError("branches", "lists the same control twice; increase its draws instead")
        if reason := misfit(self.model, self.dataset):
            raise FieldError("model", f"does not fit the data set {self.dataset.kind}: {reason}")
        if reason := self.model.undrawn(self.init):
            raise FieldError("init", f"{self.init} is not defined for a layer of {self.model.kind}: {reason}")
        if self.optimizer.needs_roles and self.model.untraceable:
            unknown = f"not defined for this model, because {self.model.untraceable}"
            raise FieldError("optimizer", f"{self.optimizer.kind} needs to know which kernels are hidden: {unknown}")
        if self.augmentation != "none" and self.dataset.examples != "pictures":
            raise FieldError("augmentation", f"changes pictures, and the examples of {self.dataset.kind} are text")
        self._check_moments()
        if self.rewind != "weights" and self.rewind_step:
            raise FieldError("rewind_step", f"must be 0 when rewind is {self.rewind!r}: nothing is rewound")
        if self.rewind_step >= self.steps:
            raise FieldError("rewind_step", f"must be before the last step, {self.steps}")
        if self.rewind == "fine_tune" and getattr(self.schedule, "final", None) == 0:
            raise FieldError("schedule.final", "must be above 0 to fine-tune: its last rate is the rate of fine-tuning")
        if self.eval_every > self.steps:
            raise FieldError("eval_every", f"must not exceed steps, {self.steps}")
        if self.batch_size > self.dataset.n_train:
            raise FieldError("batch_size", f"must not exceed the {self.dataset.n_train:,} training examples")
        check_size(self.trainings, self.steps, self.eval_every)
        return self

    def _check_moments(self) -> None:
        """Raise `FieldError` where pruning during the training, or a control that needs it, makes no sense."""
        if self.pruning.acts != "during training":
            for control in self.branches:
                if control.pruned_in_training:
                    reason = f"{control.kind} needs a pruning method that acts during the training"
                    raise FieldError("branches", f"{reason}, and {self.pruning.kind} does not")
            return
        times = self.pruning.pruning_steps(self.steps)
        if not times:
            raise FieldError("pruning.every", f"is longer than pruning lasts: in {self.steps:,} steps it never happens")
        if times.start - times.step < self.rewind_step:
            raise FieldError("pruning.begin", f"must not be before the rewind step, {self.rewind_step}")

    def extends(self, other: Experiment) -> str | None:
        """Return the field that keeps this spec from being `other` plus more work; None when it is just that.

        More levels, draws or controls recompute nothing either.
        """
        if not isinstance(other, LotterySpec):
            return "kind"
        if field := super().extends(other):
            return field
        mine = {control.kind: draws(control) for control in self.branches}
        if any(mine.get(control.kind, 0) < draws(control) for control in other.branches):
            return "branches"
        return "levels" if self.levels < other.levels else None


ENTRY = Entry(
    "workers.science.experiments.lottery:run",
    LotterySpec,
    "Lottery tickets",
    "Prune, rewind, train again: does a sparse subnetwork learn as well as the dense network, and do controls?",
    "Frankle & Carbin 2019, arXiv 1803.03635",
    measures=(
        *TICKETS,
        Measure("test_loss", "Test loss of the tickets at the level of accuracy, in nats.", over="replicates"),
        Measure(
            "verdict",
            "Whether some ticket matches the dense network, as the verdict of the run's page has it.",
            words=("matches", "loses", "undecided", "collapsed"),
            over="replicates",
        ),
        Measure("matched_density", "Lowest density at which the ticket matches the dense network.", over="replicates"),
    ),
)
