"""The manifest of an archive, and how much one may hold."""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 2
"""The newest that is read. What holds no sweep is written as format 1, which older programs read too."""
MANIFEST: Final = "manifest.json"
MEMBER: Final = re.compile(r"(?:runs|sweeps)/[0-9a-z]{10}\.jsonl|artifacts/[0-9a-f]{64}")
"""Names of members besides the manifest."""
MAX_BYTES: Final = 2**33
"""An archive as it is uploaded."""
MAX_UNPACKED: Final = 2**34
"""All members together."""
MAX_RATIO: Final = 200
"""Times that a member may be larger than it is packed, once it is larger than `SMALL`."""
SMALL: Final = 2**24
MAX_MEMBERS: Final = 250_000
MAX_MANIFEST_BYTES: Final = 2**26
MAX_LINE_BYTES: Final = 2**23
"""A row of a run or a sweep."""

Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ArchivedRun(_Part):
    """A run that the archive holds; `was` is its state when it was written, and `state` the one that it arrives in."""

    id: Annotated[str, Field(pattern="^[0-9a-z]{10}$")]
    name: Annotated[str, Field(max_length=200)]
    state: Literal["cancelled", "failed", "finished"]
    was: Annotated[str, Field(max_length=12)]


class ArchivedSweep(_Part):
    """A sweep that the archive holds, as `ArchivedRun`."""

    id: Annotated[str, Field(pattern="^[0-9a-z]{10}$")]
    name: Annotated[str, Field(max_length=200)]
    state: Literal["cancelled", "finished"]
    was: Annotated[str, Field(max_length=12)]


class Member(_Part):
    """A member with the size and the digest of its bytes, unpacked."""

    name: Annotated[str, Field(max_length=100)]
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Manifest(_Part):
    """The last member of an archive."""

    format: Literal[1, 2] = 1
    program: Annotated[str, Field(max_length=100)]
    created_at: Annotated[str, Field(max_length=40)]
    runs: list[ArchivedRun]
    sweeps: list[ArchivedSweep] = []
    members: list[Member]

    @property
    def text(self) -> bytes:
        """Return it as it is written."""
        return self.model_dump_json(indent=1, exclude=None if self.sweeps else {"sweeps"}).encode()
