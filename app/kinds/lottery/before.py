"""How a training of a lottery run was named up to revision 0005."""

from collections.abc import Mapping

from app.kinds.before import Coordinates, Place, Spec


def converted(_spec: Spec, place: Place, _row: Mapping[str, float]) -> Coordinates:
    """Return the same three, of which the branch is now called control."""
    return {"level": place.level, "control": place.branch, "draw": place.draw}
