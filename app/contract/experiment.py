"""What every experiment's spec has in common, so that stores, queues and forms need not know which one it is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import Field

from app.contract.params import DatasetParams, ModelParams, Params, unit
from app.contract.strict import FieldError as FieldError
from app.contract.tickets import TicketRef
from app.contract.training_key import TrainingKey

EVAL_EVERY = 100
"""Steps between evaluations in measured speeds: the default of the spec."""


class Pace(NamedTuple):
    """What the time that a unit of work takes depends on: workers measure it, estimates read it.

    `unit` is what a time is counted by, such as "per step". An evaluation of `evaluated` examples follows every
    `eval_every` units.
    """

    model: str
    dataset: str
    batch_size: int
    unit: str
    evaluated: int = 0
    eval_every: int = EVAL_EVERY

    @property
    def examples(self) -> float:
        """Return how many training examples take as long as a unit and its share of an evaluation.

        An evaluation has no backward pass, which takes about twice as long as the forward one.
        """
        return self.batch_size + self.evaluated / (3 * self.eval_every)

    @property
    def standard(self) -> "Pace":
        """Return the same with evaluations as often as in measured speeds."""
        return self._replace(eval_every=EVAL_EVERY)


def cut(dataset: str) -> str:
    """Return what a pace calls a data set whose pictures are padded, cropped and flipped at random."""
    return f"{dataset}, pad_crop_flip"


PRODUCTS = Pace("mlp", "any", 1, "per Mflop")
"""The pace of work that is nearly all matrix products."""

Replicates: TypeAlias = Annotated[
    int,
    Field(
        ge=1,
        le=100,
        description="Independent repetitions of the whole experiment, each with its own seed; n in every figure.",
        json_schema_extra=unit("replicates"),
    ),
]
Seed: TypeAlias = Annotated[int, Field(ge=0, le=2**31 - 1, description="Seed of all random numbers of the run.")]
Device: TypeAlias = Annotated[Literal["any", "cpu", "gpu"], Field(description="Which workers may run it.")]
BatchSize: TypeAlias = Annotated[
    int, Field(ge=1, le=8192, description="Examples per step.", json_schema_extra=unit("examples"))
]


class RunSpec(Params, ABC):
    """Base of what a run may be: an experiment that workers do, or results that came from elsewhere."""

    if TYPE_CHECKING:  # declared by each kind, so that a form has them last
        kind: str
        replicates: int

    key: ClassVar[type[TrainingKey]]
    """The coordinates that name its trainings."""
    saves_tickets: ClassVar[bool] = False
    """Whether it has masks, and so tickets."""

    @property
    @abstractmethod
    def dataset_name(self) -> str:
        """Return the name of its data in a list of runs."""

    @property
    @abstractmethod
    def model_name(self) -> str:
        """Return the name of its network in a list of runs."""

    @property
    @abstractmethod
    def totals(self) -> tuple[int, ...]:
        """Return how much each replicate is, in the units that its progress counts."""

    @property
    @abstractmethod
    def work(self) -> tuple[int, str]:
        """Return how much the run is, and of what, in a reader's terms."""


class Experiment(RunSpec):
    """Base of what workers can do; each kind has fields `replicates`, `seed` and `device`, most have `dataset`."""

    if TYPE_CHECKING:
        dataset: DatasetParams
        model: ModelParams
        seed: int
        device: Literal["any", "cpu", "gpu"]

    ends: ClassVar[str]
    """The series that has rows of a training once it has ended."""
    counted: ClassVar[Literal["never", "if cut short", "always"]] = "never"
    """When ended trainings are counted in the rows of `ends`, as progress in steps does not give their number."""
    repeatable: ClassVar[bool] = True
    """Whether the same numbers come out when it is done again; times do not."""
    grows: ClassVar[frozenset[str]] = frozenset({"replicates"})
    """Fields that a run may be extended in; `extends` says how."""

    @property
    def dataset_name(self) -> str:
        """Return the name of its data in a list of runs."""
        return self.dataset.kind

    @property
    def tickets(self) -> tuple[TicketRef, ...]:
        """Return tickets of other runs that workers need for this one; the submission checks that they exist."""
        return ()

    @property
    def pictured(self) -> tuple[tuple[int, int], ...]:
        """Return rows and columns of the matrices that get its field `picture`; none without such a field."""
        return ()

    @property
    @abstractmethod
    def formula(self) -> str:
        """Return how the number of `work` is composed, in words."""

    @property
    def outlook(self) -> str:
        """Return where the run ends, in words, as far as its spec decides that; empty where it does not."""
        return ""

    @property
    @abstractmethod
    def units_per_replicate(self) -> int:
        """Return how much one replicate is, in the units of `pace`: what progress counts."""

    @property
    def totals(self) -> tuple[int, ...]:
        """Return the same amount for every replicate."""
        return (self.units_per_replicate,) * self.replicates

    @property
    @abstractmethod
    def pace(self) -> Pace:
        """Return what the speed of this work is comparable to."""

    @abstractmethod
    def parts(self) -> Iterator[tuple[TrainingKey, int]]:
        """Yield every training of a replicate in the order in which they run, and how much each is.

        In the units of `pace`, so that they add up to `units_per_replicate`. What has no training of its own is one
        part.
        """

    @property
    def stackable(self) -> bool:
        """Return whether several replicates may be trained as one stack of networks."""
        return False

    def named(self, key: TrainingKey) -> tuple[int, str]:
        """Return the round of a training, in which none depends on another, and its name there."""
        return 0, "/".join(map(str, key.model_dump().values()))

    def stack_groups(self, most: int) -> list[str]:  # noqa: ARG002 (for those that can)
        """Return which trainings of each round may form one stack of networks, at most so many.

        Each text has the names of two or more, such as "reinit/0 reinit/1".
        """
        return []

    def extends(self, other: "Experiment") -> str | None:
        """Return the field that keeps this spec from being `other` plus more work; None when it is just that.

        More replicates recompute nothing; any difference in a field that may not grow makes another experiment.
        """
        for field in type(self).model_fields:
            if field not in self.grows and getattr(self, field) != getattr(other, field, None):
                return field
        return "replicates" if self.replicates < other.replicates else None
