"""What figures of one layer on several machines share: which format is shown, and the measurements of each run."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures.hardware_view import LayerOptions
from app.kinds.hardware.spec import HardwareSpec
from app.plotting.compared import ComparedSource, Group
from app.plotting.replicates import mean
from app.plotting.source import Options, Source
from app.records import Run

Floats = NDArray[np.float64]
ROWS = 24
"""Lines that the table under a figure has."""


class FormatOptions(Options):
    """Which format and mode are shown of every run that measures them."""

    storage: Literal["csr", "masked_dense", "compacted", "structured", "semi_structured"] = "csr"
    mode: Literal["inference", "training"] = "inference"


class LayerChoice(FormatOptions):
    """The same of one layer, as inputs×units; empty for the layer that most runs time."""

    layer: str = Field("", max_length=12)


class Line(NamedTuple):
    """Measurements of one run by `densities` (n,): `values` and those of the dense layer are (n, n_replicates)."""

    role: str
    name: str
    device: str
    densities: Floats
    values: Floats
    dense: Floats

    @property
    def end(self) -> tuple[float, float, int]:
        """Return the mean at the lowest density that has one, that density, and the replicates behind it."""
        means = mean(self.values)
        last = int(np.flatnonzero(np.isfinite(means))[-1])
        return float(means[last]), float(self.densities[last]), int(np.isfinite(self.values[last]).sum())


class LayerLines(NamedTuple):
    """The runs that measure this layer in this mode and format, and the names of those that do not."""

    options: LayerChoice
    layer: tuple[int, int] | None
    lines: tuple[Line, ...]
    others: tuple[str, ...]
    live: bool

    @property
    def what(self) -> str:
        """Return what is measured, for a title."""
        return f"{self.options.mode} of {hardware.size(self.layer)}" if self.layer else self.options.mode

    @property
    def missing(self) -> str:
        """Return how many runs have no such measurement, as a sentence after another; empty where all have."""
        return f" {plural(len(self.others), 'run')} without such a measurement left out." if self.others else ""

    @property
    def awaited(self) -> str:
        """Return why nothing is drawn."""
        return "The first point appears with the first measurement." if self.live else (
            "Nothing to show: no run times the same layer in this format and mode."
        )  # fmt: skip

    @property
    def densities(self) -> list[float]:
        """Return every density that a run measures, densest first."""
        return sorted({float(density) for line in self.lines for density in line.densities}, reverse=True)


def layer_lines(source: ComparedSource[LayerChoice], column: str) -> LayerLines:
    """Return a column of the series `hardware` for each run. Raises FieldError for a layer that no run times."""
    layer = _layer(source)
    lines, others = [], []
    for group in source.groups:
        for measured in group.runs:
            line = _line(measured.run, measured.series, column, source.options, layer)
            if line is None:
                others.append(name_of(group, measured.run))
            else:
                lines.append(line._replace(role=group.role, name=name_of(group, measured.run)))
    return LayerLines(source.options, layer, tuple(lines), tuple(others), source.live)


def name_of(group: Group, run: Run) -> str:
    """Return what the line of a run is called: as its group, with the run's name where the group has several."""
    return group.name if len(group.runs) == 1 else f"{group.name}: {run.name}"


def _layer(source: ComparedSource[LayerChoice]) -> tuple[int, int] | None:
    """Return the chosen layer, else the one that most runs time. Raises FieldError for one that none times."""
    counts: dict[tuple[int, int], int] = {}
    for run in source.runs:
        for layer in run.spec.layers if isinstance(run.spec, HardwareSpec) else ():
            counts[layer] = counts.get(layer, 0) + 1
    chosen = {hardware.key(layer): layer for layer in counts}
    if source.options.layer and source.options.layer not in chosen:
        raise FieldError("layer", f"must be one of {', '.join(chosen) or 'the layers of these runs, which have none'}")
    return chosen.get(source.options.layer) or max(counts, key=lambda layer: counts[layer], default=None)


def _line(run: Run, series: Any, column: str, options: LayerChoice, layer: tuple[int, int] | None) -> Line | None:
    spec = run.spec
    if layer is None or not isinstance(spec, HardwareSpec) or not measures(spec, options) or layer not in spec.layers:
        return None
    one = Source(run, LayerOptions(mode=options.mode, layer=hardware.key(layer)), series)
    view = hardware.view(one)
    densities = np.array(sorted(spec.densities, reverse=True))
    formats = {item.name: item.values for item in hardware.formats(one, view, column, densities)}
    values = formats[options.storage]
    if not np.isfinite(values).any():
        return None
    return Line("", "", view.device, densities, values, formats["dense"])


def measures(spec: HardwareSpec, options: FormatOptions) -> bool:
    """Return whether a run measures this format in this mode."""
    return options.mode in spec.modes and options.storage in spec.formats
