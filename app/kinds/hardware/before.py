"""How a measurement of a format was named up to revision 0005."""

from collections.abc import Mapping

from app.kinds.before import TICKET, Coordinates, Place, Spec


def converted(_spec: Spec, place: Place, _row: Mapping[str, float]) -> Coordinates:
    """Return the format, which was the branch; the compacted network of a ticket was saved without one."""
    return {"storage_format": "compacted" if place.branch == TICKET else place.branch}
