"""Kernels that a file keeps in another order than `(n_out, n_in, *kernel)`, put into that order without much memory."""

import os
from contextlib import ExitStack
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imports import limits
from app.imports.header import Entry
from app.imports.parts import Part
from app.imports.source import Source, spans


def flax_axes(dimensions: int) -> tuple[int, ...]:
    """Return the order of a kernel's axes from `(*kernel, n_in, n_out)`."""
    return dimensions - 1, dimensions - 2, *range(dimensions - 2)


def transposed_axes(dimensions: int) -> tuple[int, ...]:
    """Return the order of a transposed convolution's axes from `(n_in, n_out, *kernel)`."""
    return 1, 0, *range(2, dimensions)


def turned(part: Part, axes: tuple[int, ...], folder: Path, stack: ExitStack, *, mask: bool) -> Part:
    """Return the part with its axes in the order of `axes`, as a temporary file in `folder` that `stack` closes.

    A mask becomes bytes, True where kept; weights become float32. `axes` is one of the two orders above.
    """
    file = stack.enter_context(TemporaryFile(dir=folder))  # noqa: SIM115 (closed by the stack)
    dtype = np.dtype(np.uint8) if mask else np.dtype("<f4")
    # The axes before that of the units, the units, and the axes behind them.
    before, units, behind = _three(part.shape, axes[0])
    step = max(1, 4 * limits.BAND // (units * behind))
    for first, last in spans(before, step):
        ends = first * units * behind, last * units * behind
        band: NDArray[Any] = part.kept(*ends) if mask else part.floats(*ends)
        blocks = np.ascontiguousarray(band.reshape(last - first, units, behind).swapaxes(0, 1), dtype)
        for unit in range(units):
            os.pwrite(file.fileno(), blocks[unit].data, (unit * before + first) * behind * dtype.itemsize)
    shape = tuple(part.shape[axis] for axis in axes)
    if behind == 1 and len(shape) > 2:
        _inputs_first(file.fileno(), shape, dtype)
    return Part(Source(part.source.name, file), Entry(part.name, "U8" if mask else "F32", shape, 0), shape)


def _three(shape: tuple[int, ...], units: int) -> tuple[int, int, int]:
    return prod(shape[:units]), shape[units], prod(shape[units + 1 :])


def _inputs_first(file: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Put the inputs before the kernel's positions in each row of `(n_out, *kernel, n_in)`, in place."""
    units, inputs = shape[0], shape[1]
    positions = prod(shape[2:])
    width = inputs * positions * dtype.itemsize
    for first, last in spans(units, max(1, limits.BAND // (inputs * positions))):
        rows = np.frombuffer(os.pread(file, (last - first) * width, first * width), dtype)
        swapped = rows.reshape(-1, positions, inputs).swapaxes(1, 2)
        os.pwrite(file, np.ascontiguousarray(swapped).data, first * width)
