"""The order of a network's layers, as far as their shapes decide it and their names do not contradict it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]

_STEPS = 2_000
# Names of what is added to, joined with or weighs another layer's output.
_ASIDE = re.compile(
    r"shortcut|down_?sample|skip|residual|identity|inception|branch|attn|attention|qkv"
    r"|(?:^|[._/])(?:[qkv](?:_proj|_lin)?|short)(?:$|[._/])"
)
_FIRST, _LAST = {"input", "stem"}, {"output", "head", "classifier", "logits"}


def natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts `level_10` behind `level_2`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name)]


def by_name(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Return a sort key for layers of one shape: words for the input first, for the output last."""
    words = set(re.split(r"[^a-z]+", name.lower()))
    return (-1 if words & _FIRST else 1 if words & _LAST else 0), natural(name)


def no_link(names: Iterable[str]) -> str:
    """Return the first layer that is no link of a chain by its name, such as a shortcut; "" without one."""
    return next((name for name in names if _ASIDE.search(name.lower())), "")


def unordered(names: Iterable[str]) -> str:
    """Return why masks of layers with these names do not show what follows what; "" where they may be a chain."""
    aside = no_link(names)
    unknown = "is no link of a chain of layers, and masks alone do not show the architecture"
    return f"not stated: by its name, {aside} {unknown}" if aside else ""


def follows(before: Shape, layer: Shape) -> bool:
    """Return whether the inputs of a layer can be the units of the one before it."""
    flattened = len(before) > 2 and len(layer) == 2
    return layer[1] == before[0] or (flattened and before[0] > 0 and layer[1] % before[0] == 0)


def chain(shapes: Mapping[str, Shape]) -> tuple[str, ...] | None:
    """Return the only order in which each layer's inputs are the units of the one before; None without such an order.

    `shapes` are kernels `(n_out, n_in, *kernel)` by layer name. A linear layer behind a convolution may read each
    channel several times over, as a flattened picture. Layers of one shape are interchangeable and keep the order of
    their names. None too where two orders fit, or where the search does not end within a fixed number of steps.
    """
    if any(len(shape) < 2 for shape in shapes.values()):
        return None
    count = Counter(shapes.values())
    kinds = list(count)
    after = [[place for place, kind in enumerate(kinds) if follows(one, kind)] for one in kinds]
    paths: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def extend(path: tuple[int, ...], left: tuple[int, ...], places: Iterable[int]) -> None:
        for place in places:
            rest = (*left[:place], left[place] - 1, *left[place + 1 :])
            if left[place] and _reaches(place, rest, after):
                paths.append(((*path, place), rest))

    extend((), tuple(count.values()), range(len(kinds)))
    orders: list[tuple[int, ...]] = [] if shapes else [()]
    for _ in range(_STEPS):
        if not paths:
            break
        path, left = paths.pop()
        if not any(left):
            orders.append(path)
        if len(orders) > 1:
            return None
        extend(path, left, after[path[-1]])
    if paths or not orders:
        return None
    names = {kind: iter(sorted((name for name in shapes if shapes[name] == kind), key=by_name)) for kind in kinds}
    return tuple(next(names[kinds[place]]) for place in orders[0])


def _reaches(start: int, left: tuple[int, ...], after: list[list[int]]) -> bool:
    """Return whether every kind that is left can come somewhere behind `start`."""
    missing, new = {place for place, n in enumerate(left) if n}, [start]
    while new and missing:
        intersection = missing.intersection(after[new.pop()])
        missing -= intersection
        new += intersection
    return not missing
