"""How imported masks were named up to revision 0005."""

from collections.abc import Mapping

from app.kinds.before import Coordinates, Place, Spec


def converted(_spec: Spec, place: Place, _row: Mapping[str, float]) -> Coordinates:
    """Return the level: every mask was a ticket."""
    return {"level": place.level}
