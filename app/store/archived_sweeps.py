"""A sweep as rows of an archive: its own row and its members, checked as those of runs are."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from app.contract.experiment import FieldError
from app.kinds.specs import EXPERIMENT
from app.store import labels
from app.store.archived import RUN_ID, ArchiveRow, Count, Moment, Text
from app.sweeps.axes import MOST
from app.sweeps.plan import Plan, canonical

Id: TypeAlias = Annotated[str, Field(pattern=RUN_ID)]


class SweepRow(ArchiveRow):
    """The plan of a sweep. One that was open arrives as cancelled: the original goes on."""

    table: Literal["sweep"] = "sweep"
    id: Id
    name: str
    kind: str
    spec: dict[str, Any]
    axes: dict[str, dict[str, Any]]
    sampler: dict[str, Any]
    objective: Annotated[str, Field(max_length=80)]
    budget: dict[str, Any]
    stop: dict[str, Any]
    pruner: dict[str, Any] | None
    state: Literal["closed", "cancelled"]
    note: Text
    tags: list[str]
    notes: str
    created_at: Moment

    @model_validator(mode="after")
    def _sound(self) -> "SweepRow":
        labels_of = (labels.check_name(self.name), labels.check_tags(self.tags), labels.check_notes(self.notes))
        if labels_of != (self.name, self.tags, self.notes):
            raise FieldError("name", "or tags are not written as they are stored")
        if self.spec.get("kind") != self.kind:
            raise FieldError("kind", "is not the kind of the spec")
        EXPERIMENT.validate_python(self.spec)
        if list(canonical(self.plan).axes) != list(self.axes):
            raise FieldError("axes", "go by other names than they are stored by")
        self.plan.size()
        return self

    @property
    def plan(self) -> Plan:
        """Return its plan. Raises ValidationError."""
        fields = {name: getattr(self, name) for name in ("spec", "axes", "sampler", "objective", "budget", "stop")}
        return Plan.model_validate(fields | {"pruner": self.pruner or {}})


class MemberReports(ArchiveRow):
    """What a member has reported on the way; null where a training diverged."""

    seq: Count
    values: Annotated[list[float | None], Field(max_length=1_000_000)]
    rungs: Annotated[dict[str, float], Field(max_length=1_000)]


class MemberRow(ArchiveRow):
    """A member; without a run where that was refused, purged, or in the bin."""

    table: Literal["member"] = "member"
    position: Annotated[int, Field(ge=0, lt=MOST)]
    run: Id | None
    values: dict[str, Any]
    objective: float | None
    hours: Annotated[float, Field(ge=0)] | None
    seq: Count | None
    error: Text | None
    reports: MemberReports | None
    stopped: Text | None


SweepRows: TypeAlias = SweepRow | MemberRow
SWEEP_ROW: TypeAdapter[SweepRows] = TypeAdapter(Annotated[SweepRows, Field(discriminator="table")])
