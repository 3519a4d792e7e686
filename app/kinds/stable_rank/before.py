"""How a gradient was named up to revision 0005: not at all, its width and batch size were columns of its row."""

from collections.abc import Mapping
from typing import Any

from app.kinds.before import Coordinates, Place, Spec


def converted(_spec: Spec, _place: Place, row: Mapping[str, float]) -> Coordinates:
    """Return what the row held."""
    return {"width": int(row["width"]), "batch_size": int(row["batch_size"])}


def converted_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a checkpoint, which named each gradient by a pair."""
    return {**state, "done": [{"width": width, "batch_size": batch_size} for width, batch_size in state["done"]]}
