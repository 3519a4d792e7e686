"""What a backup holds: its manifest, and how its folders are laid out."""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from app.store import StoreError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUM: Final = "manifest.json.sha256"
"""The digest of the manifest, as `sha256sum -c` reads it."""
FILES: Final = "artifacts"
"""The folder next to the backups that holds the bytes of artifacts; all backups of a folder share it."""
STAMP: Final = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
"""The name of a backup: when it was begun."""
MAX_MANIFEST_BYTES: Final = 2**22
MAX_LINE_BYTES: Final = 2**28
"""A row: the largest holds a piece of a series, which is far smaller."""

Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Name: TypeAlias = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]
Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**63)]


class BadBackup(StoreError):  # noqa: N818
    """A backup cannot be written, or is not what was written; the message says why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Rows(_Part):
    """One file of rows, `<name>.jsonl.gz`: JSON lists in the order of the columns.

    `digest` is the sum of the SHA-256 of all lines, so that it does not depend on their order. `unpacked` are bytes of
    all lines; `size` and `sha256` are those of the file.
    """

    name: Name
    columns: list[Name]
    rows: Count
    digest: Sha256
    unpacked: Count
    size: Count
    sha256: Sha256

    @property
    def file(self) -> str:
        """Return the name of its file."""
        return f"{self.name}.jsonl.gz"


class Manifest(_Part):
    """A backup: the revision of its tables, and the artifacts that its rows name.

    `lost` are those whose bytes were missing or damaged when it was written.
    """

    format: Literal[1] = 1
    program: Annotated[str, Field(max_length=100)]
    revision: Annotated[str, Field(pattern="^[0-9]{4}$")]
    created_at: Annotated[str, Field(max_length=40)]
    installation: Annotated[str, Field(pattern="^[0-9a-f]{0,32}$")]
    tables: list[Rows]
    artifacts: Rows
    artifact_bytes: Count
    lost: list[Sha256]
