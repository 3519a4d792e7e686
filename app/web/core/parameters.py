"""Parameters of requests that several routes take."""

from typing import Annotated, Any, TypeAlias

from fastapi import Path
from pydantic import BeforeValidator, Field

from app.store.labels import TAG_LENGTH

RunId: TypeAlias = Annotated[str, Path(description="Id of a run.", max_length=32)]


def _none_if_empty(value: Any) -> Any:
    """Return None for the empty string that a form sends for a field left empty."""
    return None if value == "" else value


Empty = BeforeValidator(_none_if_empty)
# Bounds are inside the optional: outside they would apply to None as well.
Short: TypeAlias = Annotated[str, Field(max_length=TAG_LENGTH)]
Cursor: TypeAlias = Annotated[str, Field(max_length=1_000)]
