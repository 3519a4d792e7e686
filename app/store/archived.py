"""A run as rows of an archive, independent of the tables of this version: what is written there and believed here."""

import base64
import binascii
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from app.contract.events import Changed, Failed, Finished, Started
from app.contract.experiment import FieldError, RunSpec
from app.contract.training_key import TrainingKey
from app.kinds.specs import KEYS, Spec
from app.store import labels

SPEC: TypeAdapter[RunSpec] = TypeAdapter(Spec)
SAFETENSORS = "application/vnd.safetensors"
RUN_ID = "^[0-9a-hjkmnp-tv-z]{10}$"

Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
Moment: TypeAlias = Annotated[float, Field(ge=0, lt=1e11)]
Text: TypeAlias = Annotated[str, Field(max_length=2**22)]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=80)]
Ended: TypeAlias = Literal["cancelled", "failed", "finished"]


class ArchiveRow(BaseModel):
    """A row as it is written: strict, with no names that are not known."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @property
    def line(self) -> bytes:
        """Return the row as a line of an archive: always the same for the same row."""
        return orjson.dumps(self.model_dump(), option=orjson.OPT_APPEND_NEWLINE)


class RunRow(ArchiveRow):
    """A run that has ended. Its times are seconds since 1970."""

    table: Literal["run"] = "run"
    id: Annotated[str, Field(pattern=RUN_ID)]
    name: str
    kind: str
    spec: dict[str, Any]
    work: Count
    state: Ended
    tags: list[str]
    notes: str
    again_of: Annotated[str, Field(pattern=RUN_ID)] | None
    provenance: dict[str, Any]
    error: Text | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    last_seq: Count

    @model_validator(mode="after")
    def _sound(self) -> "RunRow":
        labels_of = (labels.check_name(self.name), labels.check_tags(self.tags), labels.check_notes(self.notes))
        if labels_of != (self.name, self.tags, self.notes):
            raise FieldError("name", "or tags are not written as they are stored")
        if self.spec.get("kind") != self.kind:
            raise FieldError("kind", "is not the kind of the spec")
        SPEC.validate_python(self.spec)
        return self

    @property
    def checked_spec(self) -> RunSpec:
        """Return the spec as its kind reads it."""
        return SPEC.validate_python(self.spec)


class ShardRow(ArchiveRow):
    """One replicate. Its checkpoints stay behind."""

    table: Literal["shard"] = "shard"
    replicate: Count
    state: Ended
    queue: Literal["cpu", "gpu", "any"]
    work: Count
    attempt: Count
    tries: Count
    plan: dict[str, Any] | None
    next_ordinal: Count
    error: Text | None
    traceback: Text | None
    done: Count
    total: Count
    note: Text
    slot_s: Moment | None
    estimated_s: Moment | None


class EventRow(ArchiveRow):
    """An entry of the log; that of a measurement names its chunk."""

    table: Literal["event"] = "event"
    seq: Annotated[Count, Field(gt=0)]
    at: Moment
    replicate: Count | None
    ordinal: Count | None
    topic: Word
    body: dict[str, Any]

    @model_validator(mode="after")
    def _known(self) -> "EventRow":
        kind = self.body.get("kind")
        plain: dict[str, type[BaseModel]] = {
            "started": Started, "failed": Failed, "finished": Finished, "changed": Changed
        }  # fmt: skip
        if isinstance(kind, str) and kind in plain:
            plain[kind].model_validate(self.body)
        elif kind not in ("measured", "artifact_saved") or not isinstance(self.body.get("key"), dict):
            raise FieldError("body", "is no event of this version")
        elif self.replicate is None or self.ordinal is None:
            raise FieldError("ordinal", "is missing")
        return self


class ChunkRow(ArchiveRow):
    """Rows of a series as little-endian float64, row after row, in base64."""

    table: Literal["chunk"] = "chunk"
    seq: Annotated[Count, Field(gt=0)]
    series: Word
    replicate: Count
    key: dict[str, Any]
    ordinal: Count
    rows: Annotated[Count, Field(gt=0)]
    columns: Annotated[list[Word], Field(min_length=1, max_length=1_000)]
    data: Text

    @model_validator(mode="after")
    def _full(self) -> "ChunkRow":
        if len(self.packed) != 8 * self.rows * len(self.columns):
            raise FieldError("data", "are not as long as rows and columns ask for")
        if len(set(self.columns)) < len(self.columns):
            raise FieldError("columns", "name one twice")
        return self

    @property
    def packed(self) -> bytes:
        """Return the data as bytes."""
        try:
            return base64.b64decode(self.data, validate=True)
        except binascii.Error:
            raise FieldError("data", "are not base64") from None


class ArtifactRow(ArchiveRow):
    """A file that the run has saved, by its hash."""

    table: Literal["artifact"] = "artifact"
    seq: Annotated[Count, Field(gt=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    replicate: Count
    key: dict[str, Any]
    name: Word
    media_type: str
    size_bytes: Annotated[int, Field(gt=0, lt=2**53)]
    meta: dict[str, str]

    @field_validator("media_type")
    @classmethod
    def _format(cls, given: str) -> str:
        if given != SAFETENSORS:
            raise FieldError("media_type", f"must be {SAFETENSORS}: nothing else is read")
        return given


Row: TypeAlias = RunRow | ShardRow | EventRow | ChunkRow | ArtifactRow
ROW: TypeAdapter[Row] = TypeAdapter(Annotated[Row, Field(discriminator="table")])


def key_text(kind: str, key: dict[str, Any]) -> str:
    """Return coordinates as the store writes them. Raises ValidationError for those of another kind."""
    key_class: type[TrainingKey] = KEYS[kind]
    return key_class.model_validate(key).text
