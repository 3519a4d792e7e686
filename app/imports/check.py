"""Checks of every value that is to be imported, before anything is built from it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.imports.layers import FLOATS, Layer
from app.imports.parts import Part
from app.imports.refused import Refused
from app.imports.source import spans


class Counted(NamedTuple):
    """What the values of a layer are: `kept` of `total` weights.

    `contradicted`: all kept weights are 0 while pruned ones are not. `bits`: a tensor without a mask holds 0 and 1
    only. `started`: its initial weights are numbers everywhere.
    """

    kept: int
    total: int
    contradicted: bool = False
    bits: bool = False
    started: bool = True


def counted(layer: Layer) -> Counted:
    """Check and count all values of a layer: masks are 0 and 1, kept weights are finite. Raises Refused.

    What is pruned may be anything, NaN too: it counts nowhere.
    """
    if layer.mask is None:
        return _counted_alone(layer)
    kept, alive, other = 0, False, False
    for first, last in spans(layer.mask.size):
        _check_bits(layer.mask, first, last)
        mine = layer.mask.kept(first, last)
        kept += int(np.count_nonzero(mine))
        if layer.values is not None:
            values = layer.values.floats(first, last)
            _check_finite(layer.values, values, first, mine)
            alive = alive or bool((values[mine] != 0).any())
            other = other or bool((values[~mine] != 0).any())
    contradicted = layer.values is not None and kept > 0 and not alive and other
    return Counted(kept, layer.mask.size, contradicted, False, _started(layer))


def _counted_alone(layer: Layer) -> Counted:
    values = layer.decides
    kept, bits = 0, True
    for first, last in spans(values.size):
        piece = values.read(first, last)
        if piece.dtype.kind == "f":
            _check_finite(values, values.floats(first, last), first)
        kept += int(np.count_nonzero(piece))
        bits = bits and not bool(((piece != 0) & (piece != 1)).any())
    return Counted(kept, values.size, False, bits, _started(layer))


def _started(layer: Layer) -> bool:
    """Return whether the initial weights are numbers everywhere. Raises Refused for a kept one that is none."""
    started = True
    if layer.initial is not None:
        for first, last in spans(layer.initial.size):
            floats = layer.initial.floats(first, last)
            kept = layer.mask.kept(first, last) if layer.mask else None
            _check_finite(layer.initial, floats, first, kept)
            started = started and bool(np.isfinite(floats).all())
    return started


def is_mask(layer: Layer, numbers: Counted, alone: bool) -> bool:
    """Return whether a tensor under the plain name of a kernel is a mask, as OpenLTH saves it.

    Whole numbers are, when they are 0 and 1; others when all kernels of the file (`alone`) hold nothing else.
    """
    if layer.mask is not None or layer.values is None or not numbers.bits:
        return False
    return layer.values.entry.dtype not in FLOATS or alone


def same_initial(levels: Sequence[Sequence[Layer]]) -> bool:
    """Return whether every level that names initial weights names those of the first, for all layers.

    A sequence whose files do not started from several points (late rewinding, fine-tuning). Those are not one set of
    initial weights.
    """
    if any(layer.initial is None for layer in levels[0]):
        return False
    first = {layer.name: layer.initial for layer in levels[0]}
    return all(
        layer.initial is None or _equal(first[layer.name], layer.initial) for layers in levels[1:] for layer in layers
    )


def _check_bits(mask: Part, first: int, last: int) -> None:
    values = mask.read(first, last)
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        at = int(np.argmax(wrong))
        message = f"a mask contains only 0 and 1; element {first + at:,} is {values[at]!s}"
        raise Refused(mask.source.name, message, tensor=mask.name, field="values")


def _check_finite(part: Part, values: NDArray[np.float32], first: int, kept: NDArray[np.bool_] | None = None) -> None:
    wrong = ~np.isfinite(values)
    if kept is not None:
        wrong &= kept
    if wrong.any():
        at = first + int(np.argmax(wrong))
        message = f"element {at:,} is not a finite 32-bit number (NaN, infinite or too large)"
        raise Refused(part.source.name, message, tensor=part.name, field="values")


def _equal(one: Part | None, other: Part) -> bool:
    return one is not None and all(
        np.array_equal(one.floats(first, last), other.floats(first, last)) for first, last in spans(other.size)
    )
