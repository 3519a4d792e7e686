"""Every value that is to be imported, looked at before anything is made of it."""

from collections.abc import Sequence

import numpy as np

from app.imports.header import Entry
from app.imports.layers import Layer
from app.imports.refused import Refused
from app.imports.source import Source, spans


def check_values(source: Source, layers: Sequence[Layer]) -> None:
    """Masks are 0 and 1, weights are finite. Raises Refused."""
    for layer in layers:
        if layer.mask is not None:
            _zeros_and_ones(source, layer.mask)
        for entry in (layer.values, layer.initial):
            if entry is not None:
                _finite(source, entry)


def same_initial(sources: Sequence[Source], levels: Sequence[Sequence[Layer]]) -> bool:
    """Whether every file that names initial weights names those of the first, for all layers.

    A sequence whose files do not started from several points (late rewinding, fine-tuning), which are not one set of
    initial weights.
    """
    if any(layer.initial is None for layer in levels[0]):
        return False
    return all(
        later.initial is None or _equal(sources[0], first.initial, source, later.initial)
        for source, layers in zip(sources[1:], levels[1:], strict=True)
        for first, later in zip(levels[0], layers, strict=True)
        if first.initial is not None
    )


def _zeros_and_ones(source: Source, entry: Entry) -> None:
    for first, last in spans(entry.size):
        values = source.read(entry, first, last)
        wrong = (values != 0) & (values != 1)
        if wrong.any():
            at = int(np.argmax(wrong))
            message = f"a mask holds 0 and 1 only; element {first + at:,} is {values[at]!s}"
            raise Refused(source.name, message, tensor=entry.name, field="values")


def _finite(source: Source, entry: Entry) -> None:
    for first, last in spans(entry.size):
        wrong = ~np.isfinite(source.floats(entry, first, last))
        if wrong.any():
            at = first + int(np.argmax(wrong))
            message = f"element {at:,} is not a finite 32-bit number (NaN, infinite or too large)"
            raise Refused(source.name, message, tensor=entry.name, field="values")


def _equal(one: Source, mine: Entry, other: Source, its: Entry) -> bool:
    return all(
        np.array_equal(one.floats(mine, first, last), other.floats(its, first, last))
        for first, last in spans(mine.size)
    )
