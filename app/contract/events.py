"""What a run reports during its course: a tagged union, appended once to the store, the one truth.

`Measured` and `ArtifactSaved` are *deterministic*: the same shard under the same numeric plan yields them in the same
order. So each of their rows carries an ordinal, and a re-run after a kill doubles nothing. `Progress` is not stored as
an event: it overwrites columns of the shard.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, model_validator

from app.contract.training_key import TrainingKey

WINNING_TICKET = "winning_ticket"
"""What the ticket itself is called among its controls. At level 0 it is the dense network, which all share."""

Key: TypeAlias = SerializeAsAny[TrainingKey]
"""The training that something belongs to; its JSON has the coordinates that the kind of run declares."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Started(_Event):
    """A worker took the shard. `plan` is the frozen numeric plan, `provenance` what ran it."""

    kind: Literal["started"] = "started"
    replicate: int
    attempt: int
    worker: str
    plan: dict[str, Any]
    provenance: dict[str, Any]


class Progress(_Event):
    """How far a shard is, in the units of its experiment; overwritten, never kept.

    `note` describes the work in words, where `key` does not.
    """

    kind: Literal["progress"] = "progress"
    done: int
    total: int
    key: Key | None = None
    step: int = 0
    note: str = ""


class Measured(_Event):
    """Rows of one series of one training; all columns have the same length.

    In the store the rows live once, in a packed chunk; the kept event names the chunk instead of carrying `columns`.
    NaN is a value: a diverged loss is stored as it was.
    """

    kind: Literal["measured"] = "measured"
    series: str
    key: Key
    columns: dict[str, list[float]]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    @model_validator(mode="after")
    def _rectangular(self) -> "Measured":
        if len({len(column) for column in self.columns.values()}) != 1:
            raise ValueError("columns: need at least one, all of the same length")
        return self


class ArtifactSaved(_Event):
    """Bytes that outlive the run, named by their content."""

    kind: Literal["artifact_saved"] = "artifact_saved"
    key: Key
    name: str
    sha256: str
    size_bytes: int
    media_type: str
    meta: dict[str, str] = {}


class Failed(_Event):
    """An attempt ended in an error; `final` is True if no further attempt starts by itself."""

    kind: Literal["failed"] = "failed"
    replicate: int
    attempt: int
    reason: str
    traceback: str = ""
    final: bool = False


class Finished(_Event):
    """A shard did all its work of the run."""

    kind: Literal["finished"] = "finished"
    replicate: int


class Changed(_Event):
    """Somebody or something changed the run: its state, or its spec when it is extended."""

    kind: Literal["changed"] = "changed"
    state: str
    detail: str = ""


Event: TypeAlias = Annotated[
    Started | Measured | ArtifactSaved | Failed | Finished | Changed, Field(discriminator="kind")
]
"""What the log keeps."""
