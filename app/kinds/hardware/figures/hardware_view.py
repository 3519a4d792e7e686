"""What the figures of a hardware run share: which measurements are chosen, and the words and numbers of each point."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.contract.experiment import FieldError
from app.kinds.hardware.spec import FORMATS, REASONS, TOLERANCE, HardwareSpec
from app.plotting import words
from app.plotting.replicates import mean
from app.plotting.source import Options, Source
from app.plotting.style import LOOKS
from app.records import Run, Series

Floats = NDArray[np.float64]


class TicketOptions(Options):
    """Whether passes of inference or training are shown, and of which batch size; None is the first of the run."""

    mode: Literal["inference", "training"] | None = None
    batch: int | None = Field(None, ge=1, le=8192)


class LayerOptions(TicketOptions):
    """The same for one layer, as inputs×units such as `784x300`; None is the first of the run."""

    layer: str | None = Field(None, max_length=12)


# Columns of which the quartiles over repeats are recorded too.
_SPREAD = ("speedup", "seconds")


class View(NamedTuple):
    """What is shown: `layer` (inputs, units) or None for the ticket, `mode`, `batch`, and on what it was measured."""

    layer: tuple[int, int] | None
    mode: str
    batch: int
    repeats: int
    device: str
    queue: str

    @property
    def title(self) -> str:
        """Return a title such as `Inference of 784×300, batch 60, on Intel Xeon`."""
        what = f" of {size(self.layer)}" if self.layer else ""
        return f"{self.mode.capitalize()}{what}, batch {words.count(self.batch)}, on {self.device}"


class Format(NamedTuple):
    """One format: `values`, `energy` and the quartiles `low` and `high` of the values over repeats are (n_densities,
    n_replicates), NaN where there is none.

    `refused` has a key of `REASONS` per density, or "". `wrong` is the largest relative error beyond what rounding
    explains, NaN where there is none: such measurements are left out of `values`.
    """

    name: str
    values: Floats
    energy: Floats
    refused: tuple[str, ...]
    wrong: float
    low: Floats
    high: Floats


def has_layers(run: Run) -> bool:
    """Return whether a run times layers."""
    return isinstance(run.spec, HardwareSpec) and bool(run.spec.layers)


def has_ticket(run: Run) -> bool:
    """Return whether a run times a ticket."""
    return isinstance(run.spec, HardwareSpec) and bool(run.spec.ticket)


def size(layer: tuple[int, int]) -> str:
    """Return a layer as a reader writes it: `784×300`."""
    return f"{layer[0]}×{layer[1]}"


def key(layer: tuple[int, int]) -> str:
    """Return a layer as an address has it: `784x300`."""
    return f"{layer[0]}x{layer[1]}"


def view(source: Source[Any]) -> View:
    """Return what the options choose. Raises FieldError for what the run does not measure."""
    spec, options = source.spec(HardwareSpec), source.options
    sizes = {key(layer): layer for layer in spec.layers}
    layer = None
    if isinstance(options, LayerOptions):
        chosen = _one_of("layer", options.layer, list(sizes))
        layer = sizes[chosen] if chosen else None
    # The first worker's: all replicates of a run are for the same kind of device.
    device = str(source.run.provenance.get("device_name", "")) or f"a {spec.device.upper()}"
    return View(
        layer,
        _one_of("mode", options.mode, list(spec.modes)),
        int(_one_of("batch", options.batch, list(spec.batch_sizes))),
        spec.repeats,
        device,
        spec.device,
    )


def _one_of(name: str, chosen: Any, known: list[Any]) -> Any:
    if chosen is not None and chosen not in known:
        raise FieldError(name, f"must be one of {', '.join(map(str, known))}")
    return chosen if chosen is not None else next(iter(known), None)


def formats(source: Source[Any], shown: View, column: str, targets: Floats | None) -> tuple[Format, ...]:
    """Return every format that the run times, dense first.

    `targets` are the target densities, None for a ticket's own.
    """
    spec, rows = source.spec(HardwareSpec), source.rows("hardware")
    # Rows without a size are the ticket's: no layer is them.
    wanted = targets is None or shown.layer is not None
    mine = _chosen(rows, shown) if rows is not None and wanted else None
    formats = []
    for name in (item for item in FORMATS if item == "dense" or item in spec.formats):
        n = 1 if targets is None else len(targets)
        values, energy, low, high = np.full((4, n, spec.replicates), np.nan)
        refused, wrong = [""] * n, math.nan
        if mine is not None:
            these = mine.where((mine["storage_format"] == name) & (mine["replicate"] < spec.replicates))
            points = np.zeros(len(these), int) if targets is None else _nearest(targets, these["target"])
            off = these["error"] > TOLERANCE[spec.dtype]
            wrong = float(these["error"][off].max()) if off.any() else math.nan
            at = points[~off], these["replicate"][~off]
            values[at], energy[at] = these[column][~off], these["energy_j"][~off]
            if column in _SPREAD:
                low[at], high[at] = these[f"{column}_low"][~off], these[f"{column}_high"][~off]
            for point, code in zip(points.tolist(), these["refused"].tolist(), strict=True):
                if code:
                    refused[point] = list(REASONS)[int(code) - 1]
        formats.append(Format(name, values, energy, tuple(refused), wrong, low, high))
    return tuple(formats)


def _chosen(rows: Series, shown: View) -> Series:
    n_in, n_out = shown.layer or (0, 0)
    return rows.where(
        (rows["n_in"] == n_in)
        & (rows["n_out"] == n_out)
        & (rows["batch_size"] == shown.batch)
        & (rows["training"] == (shown.mode == "training"))
    )


def _nearest(targets: Floats, densities: Floats) -> NDArray[np.int64]:
    nearest: NDArray[np.int64] = np.abs(targets[None, :] - densities[:, None]).argmin(axis=1)
    return nearest


def times(ratio: float) -> str:
    """Return a speed-up in words: `0.41×`, `2.7×`, `25×`."""
    return f"{words.significant(ratio, 2)}×"


def n_of(all_formats: tuple[Format, ...]) -> NDArray[np.int64]:
    """Count the replicates behind each point of the other formats than dense."""
    return np.concatenate([np.isfinite(item.values).sum(axis=1) for item in all_formats if item.name != "dense"])


def notes(all_formats: tuple[Format, ...], shown: View, *, spread: str = "band") -> list[str]:
    """Return notes for the foot: n, what spread is drawn as, how a point was measured, refusals, errors, and energy."""
    n = n_of(all_formats)
    there = n[n > 0]
    if not len(there):
        notes = ["n = 0"]
    elif there.max() == 1:
        notes = ["n = 1 replicate: no spread"]
    else:
        notes = [f"n = {words.replicates(there.tolist())}, {spread} = min to max"]
    notes.append(f"each the median of {shown.repeats} repeats, formats in turn")
    for item in all_formats:
        label = LOOKS[item.name].label
        for reason in dict.fromkeys(filter(None, item.refused)):
            everywhere = all(one == reason for one in item.refused)
            notes.append(f"{label}{'' if everywhere else ', at some densities'}: {REASONS[reason]}")
        if math.isfinite(item.wrong):
            notes.append(
                f"{label}: off by up to {words.brief(100 * item.wrong, 2)} % of the largest output, so excluded"
            )
    energy = {item.name: mean(item.energy) for item in all_formats}
    if len(there) and not any(np.isfinite(values).any() for values in energy.values()):
        notes.append("energy cannot be measured here")
    return notes
