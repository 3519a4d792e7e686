"""Which layer of one network corresponds to which of another, so that their masks can be compared."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from app.masks.chain import Shape, by_name

Layers: TypeAlias = Sequence[tuple[str, Shape]]
"""Names and kernel shapes `(n_out, n_in, *kernel)`, in network order."""

Choice: TypeAlias = Mapping[tuple[str, str], tuple[int, ...]]
"""For two runs a and b, the place in b of the layer that corresponds to each layer of a."""

# What wrappers put before or between the parts of a name.
_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
_CHOICE = re.compile(r"([0-9a-z]{1,20}):([0-9a-z]{1,20}):(\d{1,3}(?:-\d{1,3})*)")


class Pairing(NamedTuple):
    """`places[i]` is the layer of the other network that corresponds to layer i; `by` is what decided it.

    Of "proposal" nothing decided: layers of one shape are only lined up by their names.
    """

    places: tuple[int, ...]
    by: Literal["name", "shape", "choice", "proposal"]

    @property
    def decided(self) -> bool:
        return self.by != "proposal"

    @property
    def inverse(self) -> "Pairing":
        """Return the same pairing, from the other network's side."""
        return self._replace(places=tuple(sorted(range(len(self.places)), key=self.places.__getitem__)))


def pair(mine: Layers, theirs: Layers) -> Pairing:
    """Pair layers by name, wrappers' and common outer prefixes aside, else by shape. Raises ValueError with a reason.

    Layers of a shape of their own have one partner: that in the same place of the chain of shapes, where there is one.
    Layers of one shape whose names differ are not decided by either.
    """
    names = [_plain([name for name, _ in layers]) for layers in (mine, theirs)]
    named = {name: place for place, name in enumerate(names[1])}
    places = [named.get(name, -1) for name in names[0]]
    if set(places) == set(range(len(theirs))) and all(mine[i][1] == theirs[j][1] for i, j in enumerate(places)):
        return Pairing(tuple(places), "name")
    if reason := _unlike(mine, theirs):
        raise ValueError(reason)
    partners, by = [-1] * len(mine), "shape"
    for shape in dict.fromkeys(shape for _, shape in mine):
        ours, others = ([i for i, layer in enumerate(layers) if layer[1] == shape] for layers in (mine, theirs))
        same = {names[0][i] for i in ours} == {names[1][j] for j in others}
        if len(ours) > 1 and not same:
            by = "proposal"
        ours.sort(key=lambda i: by_name(names[0][i]))
        others.sort(key=lambda j: by_name(names[1][j]))
        for i, j in zip(ours, others, strict=True):
            partners[i] = j
    return Pairing(tuple(partners), "proposal" if by == "proposal" else "shape")


def parse(text: str) -> Choice:
    """Return the pairings that a reader has chosen, as addresses hold them: `a:b:0-2-1, …`.

    Of two for one pair the first.
    Raises ValueError.
    """
    pairs: dict[tuple[str, str], tuple[int, ...]] = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        hit = _CHOICE.fullmatch(part)
        if hit is None:
            raise ValueError(f"{part[:80]!r} is not a pairing of layers such as 06f3k2m9qa:06f3k2m9qb:0-2-1")
        places = tuple(int(place) for place in hit[3].split("-"))
        if sorted(places) != list(range(len(places))):
            raise ValueError(f"{part[:80]!r} does not contain each layer once, numbered from 0")
        if (hit[1], hit[2]) not in pairs:
            pairs[hit[1], hit[2]] = places
            pairs[hit[2], hit[1]] = Pairing(places, "choice").inverse.places
    return pairs


def written(a: str, b: str, places: Sequence[int]) -> str:
    """Return a pairing of two runs as `parse` reads it."""
    return f"{a}:{b}:{'-'.join(map(str, places))}"


def chosen(choice: Choice, a: str, b: str, mine: Layers, theirs: Layers) -> Pairing | None:
    """Return what a reader has chosen for two runs, also by way of a third; None where nothing is.

    Raises ValueError.
    """
    places = choice.get((a, b))
    if places is None:
        ways = [run for run, other in choice if other == a and (run, b) in choice]
        if not ways:
            return None
        back, on = choice[a, ways[0]], choice[ways[0], b]
        if len(back) != len(on):
            raise ValueError(f"the pairings of {a} and of {b} with {ways[0]} do not fit together")
        places = tuple(on[place] for place in back)
    if not len(places) == len(mine) == len(theirs):
        raise ValueError(f"{written(a, b, places)} pairs {len(places)} layers; {a} has {len(mine)}, {b} {len(theirs)}")
    for (name, shape), place in zip(mine, places, strict=True):
        if theirs[place][1] != shape:
            raise ValueError(f"{name} is {times(shape)}, {theirs[place][0]} is {times(theirs[place][1])}")
    return Pairing(places, "choice")


def times(shape: Shape) -> str:
    """Return a shape in words: 300×784."""
    return "×".join(map(str, shape))


def _plain(names: Sequence[str]) -> list[str]:
    """Return names without wrappers and without what all of them begin with.

    Unchanged where two would become the same.
    """
    bare = [[part for part in name.split(".") if part not in _WRAPPERS] or [name] for name in names]
    while len(names) and len({parts[0] for parts in bare}) == 1 and all(len(parts) > 1 for parts in bare):
        bare = [parts[1:] for parts in bare]
    full = [".".join(parts) for parts in bare]
    return full if len(set(full)) == len(full) else list(names)


def _unlike(mine: Layers, theirs: Layers) -> str:
    """Return why no pairing exists; empty where each shape occurs as often on both sides."""
    ours, others = (Counter(shape for _, shape in layers) for layers in (mine, theirs))
    if ours == others:
        return ""
    if len(mine) != len(theirs):
        return f"one has {_layers(len(mine))}, the other {_layers(len(theirs))}"
    alone = [next(name for name, known in mine if known == shape) + f" ({times(shape)})" for shape in ours - others]
    there = [next(name for name, known in theirs if known == shape) + f" ({times(shape)})" for shape in others - ours]
    return f"no layer of the other has the shape of {_few(alone)}; it has {_few(there)} instead"


def _layers(n: int) -> str:
    return f"{n} layer" if n == 1 else f"{n} layers"


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
