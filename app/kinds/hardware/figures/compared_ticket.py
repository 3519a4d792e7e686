"""How much faster the tickets of several hardware runs are than their dense networks, in one format."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.words import plural
from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures.compared_layer import ROWS, FormatOptions, measures, name_of
from app.kinds.hardware.figures.hardware_view import TicketOptions
from app.kinds.hardware.spec import REASONS, HardwareSpec
from app.plotting import mean_lines, words
from app.plotting.compared import LINES, Cell, ComparedEntry, ComparedSource, Measured, Said, Sheet, shorts
from app.plotting.source import Source
from app.plotting.style import DENSE, LOOKS, axis, figure, note
from app.plotting.words import Part


class Judged(NamedTuple):
    """Ids of the runs whose ticket has collapsed, and of those whose ticket comes from a deleted run."""

    collapsed: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class TicketLine(NamedTuple):
    """Speed-ups of the ticket of one run, `values` (n_replicates,), at a `density` in (0, 1]."""

    role: str
    name: str
    device: str
    ticket: str
    density: float
    batch: int
    values: NDArray[np.float64]

    @property
    def there(self) -> NDArray[np.float64]:
        """Return the speed-ups of the replicates that have one."""
        return self.values[np.isfinite(self.values)]


class TicketLines(NamedTuple):
    """The runs that time a ticket in this mode and format, and the names of the others.

    Those of a ticket that `collapsed` have no line; whether it has is not known of those that are `unknown`.
    """

    options: FormatOptions
    lines: tuple[TicketLine, ...]
    others: tuple[str, ...]
    collapsed: tuple[str, ...]
    unknown: tuple[str, ...]
    live: bool


def info(source: ComparedSource[FormatOptions]) -> TicketLines:
    """Return the data of the figure; `loaded` has the collapse of runs, whose tickets then have no speed-up."""
    judged: Judged = source.loaded or Judged()
    lines, others, collapsed, unknown = [], [], [], []
    for group in source.groups:
        for measured in group.runs:
            name = name_of(group, measured.run)
            line = _line(measured, source.options)
            if measured.run.id in judged.collapsed:
                collapsed.append(name)
            elif line is None:
                others.append(name)
            else:
                lines.append(line._replace(role=group.role, name=name))
                unknown += [name] if measured.run.id in judged.unknown else []
    return TicketLines(source.options, tuple(lines), tuple(others), tuple(collapsed), tuple(unknown), source.live)


def _line(measured: Measured, options: FormatOptions) -> TicketLine | None:
    spec = measured.run.spec
    if not isinstance(spec, HardwareSpec) or not spec.ticket or not measures(spec, options):
        return None
    one = Source(measured.run, TicketOptions(mode=options.mode), measured.series)
    view, rows = hardware.view(one), one.rows("hardware")
    formats = {item.name: item.values for item in hardware.formats(one, view, "speedup", None)}
    values = formats[options.storage][0]
    if rows is None or not np.isfinite(values).any():
        return None
    density = float(rows["target"][rows["ticket"] == 1][0])
    return TicketLine("", "", view.device, spec.ticket, density, view.batch, values)


def said(info: TicketLines) -> Said:
    """Return how fast the ticket of each run is, the fastest first, and what is not compared."""
    title = f"Speed-up of tickets as {LOOKS[info.options.storage].label}, {info.options.mode}"
    more = f" {plural(len(info.others), 'run')} without such a measurement left out." if info.others else ""
    if info.collapsed:
        more += f" Layer collapse: {_listed(info.collapsed)}; these measurements are {REASONS['collapse']}."
    if info.unknown:
        more += f" Whether the ticket has collapsed is not known of {_listed(info.unknown)}: its run was deleted."
    if not info.lines:
        none = "The first point appears with the first measurement." if info.live else (
            "Nothing to show: no run times a ticket in this format and mode."
        )  # fmt: skip
        return Said(title, [Part(none + (more if info.collapsed else ""))], "n = 0", blank=True)
    parts = []
    for place, line in enumerate(_fastest(info)[:LINES]):
        parts += [Part(f"{'; ' if place else ''}{line.name} on {line.device} "),
                  Part(hardware.times(float(line.there.mean())), line.role),
                  Part(f" at {words.density(line.density)} (n = {len(line.there)})")]  # fmt: skip
    left = len(info.lines) - ROWS
    further = f" · the {ROWS} fastest of {len(info.lines)} are drawn" if left > 0 else ""
    foot = (
        f"{plural(len(info.lines), 'run')}{further} · dot = mean, bar = min to max over replicates · line at 1: as fast"
    )
    return Said(title, [*parts, Part(f".{more}")], f"{foot} as dense on the same device in the same run")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _fastest(info: TicketLines) -> list[TicketLine]:
    return sorted(info.lines, key=lambda line: -float(line.there.mean()))


def draw(info: TicketLines) -> go.Figure:
    """Return the figure: a row for each run, the fastest on top, from 1 to its speed-up on a logarithmic axis."""
    lines = _fastest(info)[:ROWS]
    names = shorts(line.name for line in lines)
    known = np.concatenate([[0.6, 2.0], *(line.there for line in lines)])
    x_range = (math.log10(known.min()) - 0.08, math.log10(known.max()) + 0.15)
    rows = list(range(len(lines)))[::-1]
    bottom, top = -0.6, max(len(lines) - 0.25, 0.75)
    data = [_row(line, row) for line, row in zip(lines, rows, strict=True)]
    if data:
        data.append({
            "type": "scatter", "mode": "lines", "x": [1.0, 1.0], "y": [bottom, top], "hoverinfo": "skip",
            "line": {"color": LOOKS[DENSE].color, "width": 1.2}, "meta": {"role": DENSE, "part": "reference"},
        })  # fmt: skip
    notes = [
        note(hardware.times(float(line.there.mean())), role=line.role, x=math.log10(float(line.there.mean())), y=row,
             xanchor="center", yanchor="bottom", yshift=6)
        for line, row in zip(lines, rows, strict=True) if len(lines) <= LINES
    ]  # fmt: skip
    return figure(
        data,
        **said(info).layout,
        n=max((len(line.there) for line in lines), default=0),
        xaxis=mean_lines.log_axis("speed-up over dense (×)", x_range),
        yaxis=axis("", tickvals=rows, ticktext=[names[line.name] for line in lines], range=[bottom, top],
                   showgrid=False, fixedrange=True),
        annotations=notes,
        margin={"l": 140, "r": 16, "t": 26, "b": 42},
        hovermode="closest",
    )  # fmt: skip


def _row(line: TicketLine, row: int) -> dict[str, Any]:
    look, mean = LOOKS[line.role], float(line.there.mean())
    low, high = float(line.there.min()), float(line.there.max())
    spread = f" ({hardware.times(low)} to {hardware.times(high)}, n = {len(line.there)})" if len(line.there) > 1 else ""
    text = f"{line.name}: {hardware.times(mean)}{spread}<br>{line.device}, {words.density(line.density)} of the weights"
    return {
        "type": "scatter", "mode": "lines+markers", "name": line.name, "x": [1.0, mean], "y": [row, row],
        "text": [text, text], "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": look.color, "width": 2.5}, "meta": {"role": line.role, "part": "mean"},
        "marker": {"symbol": look.symbol, "color": look.color, "size": [0.0, 9.0], "opacity": [0.0, 1.0]},
        "error_x": {"type": "data", "symmetric": False, "array": [0.0, high - mean], "color": look.color,
                    "arrayminus": [0.0, mean - low], "thickness": 1, "visible": len(line.there) > 1},
    }  # fmt: skip


def table(info: TicketLines) -> dict[str, list[Any]]:
    """Return a row per run and replicate."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("line", "device", "ticket", "density", "format", "mode", "batch", "replicate", "speedup")
    }
    for line in info.lines:
        for replicate in np.flatnonzero(np.isfinite(line.values)).tolist():
            row = (line.name, line.device, line.ticket, line.density, info.options.storage, info.options.mode,
                   line.batch, replicate, float(line.values[replicate]))  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    return columns


def sheet(info: TicketLines) -> Sheet | None:
    """Return the device, the ticket and its speed-up for each run, the fastest first."""
    if not info.lines:
        return None
    rows = []
    for line in _fastest(info)[:ROWS]:
        low, high = float(line.there.min()), float(line.there.max())
        spread = f"{low:.2f} to {high:.2f}, " if len(line.there) > 1 else ""
        speedup = Cell(hardware.times(float(line.there.mean())), f"{spread}n = {len(line.there)}", low > 1)
        rows.append((line.role, line.name, (Cell(line.device), Cell(line.ticket), Cell(words.density(line.density)),
                                            Cell(f"{line.batch:,}"), speedup)))  # fmt: skip
    left = len(info.lines) - ROWS
    more = f"; {plural(left, 'further line')} in the CSV" if left > 0 else ""
    caption = f"Tickets as {LOOKS[info.options.storage].label} over dense, {info.options.mode}{more}"
    return Sheet(caption, ("device", "ticket", "density", "batch", "speed-up"), tuple(rows))


ENTRY = ComparedEntry(
    "compared_ticket",
    "Speed-up of tickets",
    "In which of these runs is a whole ticket faster than its dense network?",
    ("hardware",),
    FormatOptions,
    info,
    said,
    draw,
    table,
    sheet,
)
