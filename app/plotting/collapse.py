"""Layer collapse in words: every page and figure that mentions it takes its sentence from here."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from app.contract.words import plural


class Collapse(NamedTuple):
    """A network that a pruning level has cut: names of `empty` layers, and of the one at which it is `cut`.

    `cut` is empty where the order of layers is unknown; `bridged` where a shortcut may lead around it. `since` is the
    first level at which the same ticket had collapsed, where that is known. `reason` is why the order of layers is not
    defined for the model, "" where it is or where only masks are known.
    """

    level: int
    empty: tuple[str, ...]
    cut: str
    bridged: bool = False
    since: int | None = None
    reason: str = ""


Collapses: TypeAlias = Mapping[tuple[int, int], Collapse]
"""Collapsed winning tickets by replicate and level."""


def brief(collapse: Collapse) -> str:
    """Return such as "layer collapse at level 3 in fc1 and fc2"."""
    before = (
        ""
        if collapse.since is None or collapse.since == collapse.level
        else f" (first collapse: level {collapse.since})"
    )
    return f"layer collapse at level {collapse.level} in {_names(collapse.empty or (collapse.cut,))}{before}"


def sentence(collapse: Collapse, share: str = "") -> str:
    """Return what has collapsed and what that means for the network's output; `share` names the replicates."""
    whole = brief(collapse)
    text = f"{whole[0].upper()}{whole[1:]}{share}"
    if not collapse.cut and collapse.reason:
        return f"{text}; whether a path leads around it is {collapse.reason}."
    if not collapse.cut:
        return f"{text}; masks alone do not show whether a path leads around it."
    why = "" if collapse.empty else "; no path of kept weights leads through it"
    premise = "Unless a shortcut leads around it, the" if collapse.bridged else "The"
    return f"{text}{why}. {premise} network is cut at {collapse.cut}: the output no longer depends on the input."


def first(collapses: Collapses) -> Collapse | None:
    """Return the collapse at the lowest level, of the first replicate that has one there."""
    return collapses[min(collapses, key=lambda place: (place[1], place[0]))] if collapses else None


def of_run(collapses: Collapses, replicates: int) -> str:
    """Return the sentence about the lowest level at which any of `replicates` has collapsed; "" without one."""
    lowest = first(collapses)
    return of_level(collapses, lowest.level, replicates) if lowest else ""


def of_level(collapses: Collapses, level: int, replicates: int) -> str:
    """Return the sentence about one level, of the first replicate that has collapsed there; "" without one."""
    here = {place: collapse for place, collapse in collapses.items() if place[1] == level}
    one = first(here)
    if one is None:
        return ""
    return sentence(one, f" ({len(here)} of {plural(replicates, 'replicate')})" if len(here) < replicates else "")


def levels(collapses: Collapses) -> frozenset[int]:
    """Return the levels at which any replicate has collapsed."""
    return frozenset(level for _, level in collapses)


def _names(names: tuple[str, ...]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more layers"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
