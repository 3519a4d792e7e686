"""Layer collapse in words: every page and figure that mentions it takes its sentence from here."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from app.contract.words import plural


class Collapse(NamedTuple):
    """A network that a pruning level has cut: names of `empty` layers, and of the one at which it is `cut`.

    `cut` is empty where the order of layers is unknown; `bridged` where a shortcut may lead around it. `since` is the
    first level at which the same ticket had collapsed, where that is known.
    """

    level: int
    empty: tuple[str, ...]
    cut: str
    bridged: bool = False
    since: int | None = None


Collapses: TypeAlias = Mapping[tuple[int, int], Collapse]
"""Collapsed winning tickets by replicate and level."""


def brief(found: Collapse) -> str:
    """Return such as "layer collapse at level 3 in fc1 and fc2"."""
    before = "" if found.since is None or found.since == found.level else f" (first collapse: level {found.since})"
    return f"layer collapse at level {found.level} in {_names(found.empty or (found.cut,))}{before}"


def sentence(found: Collapse, share: str = "") -> str:
    """Return what has collapsed and what that means for the network's output; `share` says in which replicates."""
    whole = brief(found)
    text = f"{whole[0].upper()}{whole[1:]}{share}"
    if not found.cut:
        return f"{text}; masks alone do not show whether a path leads around it."
    why = "" if found.empty else "; no path of kept weights leads through it"
    premise = "Unless a shortcut leads around it, the" if found.bridged else "The"
    return f"{text}{why}. {premise} network is cut at {found.cut}: the output no longer depends on the input."


def first(found: Collapses) -> Collapse | None:
    """Return the collapse at the lowest level, of the first replicate that has one there."""
    return found[min(found, key=lambda place: (place[1], place[0]))] if found else None


def of_run(found: Collapses, replicates: int) -> str:
    """Return the sentence about the lowest level at which any of `replicates` has collapsed; "" without one."""
    lowest = first(found)
    return of_level(found, lowest.level, replicates) if lowest else ""


def of_level(found: Collapses, level: int, replicates: int) -> str:
    """Return the sentence about one level, of the first replicate that has collapsed there; "" without one."""
    here = {place: each for place, each in found.items() if place[1] == level}
    one = first(here)
    if one is None:
        return ""
    return sentence(one, f" ({len(here)} of {plural(replicates, 'replicate')})" if len(here) < replicates else "")


def levels(found: Collapses) -> frozenset[int]:
    """Return the levels at which any replicate has collapsed."""
    return frozenset(level for _, level in found)


def _names(names: tuple[str, ...]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more layers"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
