"""Masks that came from elsewhere, as a run."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, model_validator

from app.contract.entry import Entry
from app.contract.experiment import FieldError, RunSpec
from app.contract.params import unit
from app.contract.tickets import TicketKey
from app.contract.training_key import TrainingKey
from app.kinds.measures import TICKETS


class ImportedSpec(RunSpec):
    """Imported masks: each file, or the shards of one, is a level of a replicate."""

    kind: Literal["imported"]
    files: tuple[Annotated[str, Field(min_length=1, max_length=300)], ...] = Field(
        min_length=1, max_length=61, description="Names of the files, level by level."
    )
    places: tuple[tuple[NonNegativeInt, NonNegativeInt], ...] = Field(
        (), max_length=61, description="Replicate and level of each file; none: file i is level i of one replicate."
    )
    one_means: Literal["", "kept", "pruned"] = Field("", description="What 1 means in masks, where it was specified.")
    roles: dict[str, str] = Field(
        {}, max_length=5_000, description="Roles of tensors that were chosen by hand, by name."
    )
    accuracies: tuple[tuple[NonNegativeInt, NonNegativeInt, float], ...] = Field(
        (), max_length=61, description="Replicate, level and test accuracy in [0, 1], where given with the files."
    )
    architecture_of: str = Field("", max_length=40, description="Run whose architecture the layers have, if any.")
    architecture_layers: dict[str, str] = Field(
        {}, max_length=400, description="The run's layer by that of the files, where it was chosen by hand."
    )
    layers: int = Field(ge=1, le=400, description="Prunable layers of the network.", json_schema_extra=unit("layers"))
    levels: int = Field(ge=0, le=60, description="Levels after the first.", json_schema_extra=unit("rounds"))
    replicates: int = Field(1, ge=1, le=61, description="Sequences of levels.", json_schema_extra=unit("replicates"))

    key: ClassVar[type[TrainingKey]] = TicketKey
    saves_tickets: ClassVar[bool] = True

    @property
    def dataset_name(self) -> str:
        """Return the number of files: an import has no data set."""
        return _number(len(self.files), "file")

    @property
    def model_name(self) -> str:
        """Return the network as far as it is known."""
        return _number(self.layers, "layer")

    @property
    def work(self) -> tuple[int, str]:
        """Return how much the run is, and of what: masks."""
        return sum(self.totals), "mask"

    @property
    def placed(self) -> tuple[tuple[int, int], ...]:
        """Return replicate and level of each file."""
        return self.places or tuple((0, level) for level in range(len(self.files)))

    @property
    def totals(self) -> tuple[int, ...]:
        """Return how many levels each replicate has."""
        known = set(self.placed)
        return tuple(sum(its == replicate for its, _ in known) for replicate in range(self.replicates))

    @model_validator(mode="after")
    def _consistent(self) -> "ImportedSpec":
        if len(self.placed) != len(self.files):
            raise FieldError("places", f"must be {len(self.files)}: one for each file")
        last = max(level for _, level in self.placed)
        if self.levels != last:
            raise FieldError("levels", f"must be {last}: every file is a level")
        if {replicate for replicate, _ in self.placed} != set(range(self.replicates)):
            raise FieldError("replicates", f"must be {1 + max(replicate for replicate, _ in self.placed)}")
        return self


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


ENTRY = Entry(
    "",
    ImportedSpec,
    "Imported masks",
    "Compare masks and weights that came from elsewhere with one another, and with what chance would give.",
    "the files themselves",
    measures=TICKETS,
)
