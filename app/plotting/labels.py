"""Direct labels at the ends of curves, moved apart so that no two overlap."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.plotting.style import LOOKS, note

# Labels keep this share of the axis apart: a line of 12 px text with air on a plot of 180 px, about the smallest.
GAP = 0.08
# In px: from a curve's end to its label; of a short line between the two, the air before it and its width.
_LABEL, _CLEAR, _LEAD = 8, 4, 10
# In px: above a point of a curve that goes on.
_ABOVE = 8
# Less than this share of the axis apart is the same place.
_SAME = 0.003


class End(NamedTuple):
    """Where a curve ends, in the axes' own units, and what to call it."""

    role: str
    text: str
    x: float
    y: float


def shortened(names: Mapping[str, str], width: int) -> dict[str, str]:
    """Return names by key that have at most `width` letters and differ.

    They are cut at the end, else in the middle, else before what differs; else they are the keys.
    """
    if all(len(name) <= width for name in names.values()) and len(set(names.values())) == len(names):
        return dict(names)
    head = width // 3
    letters = zip(*(name for name in names.values() if len(name) > width), strict=False)
    same = next((place for place, column in enumerate(letters) if len(set(column)) > 1), 0)

    def ways(name: str) -> tuple[str, ...]:
        if len(name) <= width:
            return (name,) * 3
        tail = f"…{name[same:]}"
        end = tail if len(tail) <= width else f"{tail[: width - 1]}…"
        return f"{name[: width - 1]}…", f"{name[:head]}…{name[head + 1 - width :]}", end

    for cut in zip(*map(ways, names.values()), strict=True):
        if len(set(cut)) == len(cut):
            return dict(zip(names, cut, strict=True))
    return {key: key for key in names}


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places in [0, 1] nearest to the wanted ones (least squares) that keep their order and stay `gap` apart.

    Wanted places may lie outside. More than fit in [0, 1] are spaced evenly.
    """
    n = len(wanted)
    gap = min(gap, 1 / (n - 1)) if n > 1 else gap
    order = sorted(range(n), key=lambda i: wanted[i])
    # Without the gaps this is isotonic regression: neighbours out of order share their mean.
    blocks: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        blocks.append((wanted[i] - rank * gap, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (high, after), (low, before) = blocks.pop(), blocks.pop()
            blocks.append(((low * before + high * after) / (before + after), before + after))
    levels = [value for value, size in blocks for _ in range(size)]
    places = [0.0] * n
    for rank, i in enumerate(order):
        places[i] = min(max(levels[rank], 0.0), 1 - (n - 1) * gap) + rank * gap
    return places


def annotations(ends: Sequence[End], y_range: tuple[float, float], *, log_x: bool = False, log_y: bool = False,
                gap: float = GAP, column: bool = True, descending: bool = False) -> list[dict[str, Any]]:  # fmt: skip
    """Return labels right of the curves' ends. `y_range` is as plotly has it: logarithms on a log axis.

    All are in one `column` right of the last end (of the smallest x on a `descending` axis). Thin lines connect those
    of curves that end earlier. Short lines connect all that are moved where one would be nearer to another curve's
    end.
    Without `column` each is above its own end, on a background of its own. The page moves it to where there is room in
    a plot of its size. A curve that ends outside the range is labelled at the edge, with an arrow
    that way.
    """
    low, high = y_range
    heights = [(math.log10(end.y) if log_y else end.y) - low for end in ends]
    fractions = [height / (high - low) for height in heights]
    places = spread(fractions, gap)
    last = (min if descending else max)((end.x for end in ends), default=0.0)
    led = column and _ambiguous(fractions, places)
    shift = _LEAD + _CLEAR if led else _LABEL
    out = []
    for end, fraction, place in zip(ends, fractions, places, strict=True):
        arrow = " ↓" if fraction < 0 else " ↑" if fraction > 1 else ""
        x, edge = (math.log10(item) if log_x else item for item in (end.x, last))
        y = low + place * (high - low)
        where: dict[str, Any] = {"x": x, "y": y, "xshift": shift}
        at = low + min(max(fraction, 0.0), 1.0) * (high - low)
        if column and not math.isclose(end.x, last, rel_tol=0.01):
            where |= _lead(end.role, y=at, ay=y) | {"ax": edge, "axref": "x"}
        elif led and not arrow and abs(place - fraction) > _SAME:
            where |= _lead(end.role, y=at, ay=y) | {"ax": _LEAD, "xshift": _CLEAR}
        if not column:
            where |= {"yshift": _ABOVE, "place": {"x": x, "y": at}}
            if any(other.x != end.x for other in ends):
                where["bgcolor"] = "rgba(255,255,255,0.85)"
        out.append(
            note(f"{end.text}{arrow}", role=end.role, xanchor="left", yanchor="middle", **where)
        )  # fmt: skip
    return out


def _ambiguous(fractions: Sequence[float], places: Sequence[float]) -> bool:
    """Return whether a label is nearer to another curve's end than to its own, all as shares of the axis."""
    return any(
        abs(other - place) < abs(own - place) - _SAME
        for own, place in zip(fractions, places, strict=True)
        for other in fractions
    )


def _lead(role: str, *, y: float, ay: float) -> dict[str, Any]:
    """Return a thin line from a curve's end at `y` to its label at `ay`, both in the axis' own units."""
    return {"y": y, "ay": ay, "ayref": "y", "showarrow": True, "arrowhead": 0, "arrowwidth": 1,
            "arrowcolor": LOOKS[role].color}  # fmt: skip


def margin(texts: Sequence[str]) -> int:
    """Return right margin in px that holds the longest text at 12 px."""
    return 26 + round(6.8 * max((len(text) for text in texts), default=0))
