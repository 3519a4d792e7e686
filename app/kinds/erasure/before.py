"""How a training of an erasure study was named up to revision 0005."""

from collections.abc import Mapping

from app.kinds.before import TICKET, Coordinates, Place, Spec


def converted(spec: Spec, place: Place, _row: Mapping[str, float]) -> Coordinates:
    """Return what level, branch and draw meant.

    Level was 2 · index of the width, one more for a twin; branch the optimizer; draw the index of its rate.
    """
    start = {"width": spec["widths"][place.level // 2], "image": "none" if place.level % 2 else "picture"}
    if place.branch == TICKET:  # the matrix that all cells of the width begin with
        return {**start, "optimizer": None, "lr": None}
    rates = {grid["kind"]: grid["lrs"] for grid in spec["optimizers"]}
    return {**start, "optimizer": place.branch, "lr": float(rates[place.branch][place.draw])}
