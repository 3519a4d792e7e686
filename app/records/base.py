"""What all records share."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

State: TypeAlias = Literal["queued", "running", "cancelling", "cancelled", "failed", "finished"]
Queue: TypeAlias = Literal["cpu", "gpu"]
Priority: TypeAlias = Literal["low", "normal", "high"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high")
"""From the last to the first in the queue."""


class Record(BaseModel):
    """Base of what the store gives: read-only."""

    model_config = ConfigDict(frozen=True)
