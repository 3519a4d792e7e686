"""How much faster a ticket is than its dense network, in each format, on the machine that was measured."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures.hardware_view import Format, TicketOptions, View, has_ticket
from app.kinds.hardware.spec import REASONS, HardwareSpec
from app.plotting import collapse, mean_lines, words
from app.plotting.collapse import Collapse
from app.plotting.entry import FigureEntry
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.plotting.style import DENSE, FORMATS, LOOKS, SOFT, axis, figure, note
from app.plotting.words import Part

_UNJUDGED = (
    " The run of this ticket was deleted, so whether the ticket has collapsed is not known; if it has, its output is"
    " constant and no speed-up counts."
)


class TicketInfo(NamedTuple):
    """Speed-ups of a ticket for each format but dense, each (1, n_replicates); `density` in (0, 1], NaN as awaited.

    A ticket that has `collapsed` has none: its output is constant, and no sparse format is needed to compute that.
    Whether it has is not known of an `unjudged` one.
    """

    view: View
    ticket: str
    density: float
    formats: tuple[Format, ...]
    live: bool
    collapsed: Collapse | None = None
    unjudged: bool = False


def info(source: Source[TicketOptions]) -> TicketInfo:
    """Return the data of the figure, from the series `hardware`."""
    spec, view = source.spec(HardwareSpec), hardware.view(source)
    rows = source.rows("hardware")
    shares = rows["target"][rows["ticket"] == 1] if rows is not None else np.zeros(0)
    density = float(shares[0]) if len(shares) else math.nan
    sparse = hardware.formats(source, view, "speedup", None)[1:]
    collapsed = collapse.first(source.collapses)
    if collapsed is not None:
        nothing = np.full((1, spec.replicates), math.nan)
        sparse = tuple(item._replace(values=nothing, energy=nothing, refused=("collapse",), wrong=math.nan)
                     for item in sparse)  # fmt: skip
    return TicketInfo(view, spec.ticket, density, sparse, source.live, collapsed, source.unjudged)


def finding(info: TicketInfo) -> list[Part]:
    """Return such as "This ticket: 2.7× on this CPU as CSR": the fastest format first."""
    if not info.ticket:
        return [Part("This run times single layers only: choose a ticket to time its whole network.")]
    if info.collapsed is not None:
        return [Part(f"No speed-up is claimed for this ticket. {collapse.sentence(info.collapsed)}")]
    held = [(float(mean(item.values)[0]), item) for item in info.formats]
    there = sorted(((value, item) for value, item in held if math.isfinite(value)), key=lambda pair: -pair[0])
    if not there:
        return [Part("The first point appears with the first measurement." if info.live
                     else "Nothing to show: no timing succeeded.")]  # fmt: skip
    # A structured network is another one than the ticket, of as many weights.
    own = [pair for pair in there if pair[1].name != "structured"] or there
    best, fastest = own[0]
    rest = [
        [Part(f"{LOOKS[item.name].phrase} "), Part(hardware.times(value), item.name)]
        for value, item in there
        if item is not fastest
    ]
    what = f"This ticket ({words.density(info.density)} of the weights), {info.view.mode}, batch {info.view.batch:,}: "
    return [
        Part(what), Part(hardware.times(best), fastest.name), Part(f" on this {info.view.queue.upper()} as "
        f"{LOOKS[fastest.name].phrase}"), *([Part("; "), *words.listed(rest)] if rest else []),
        Part(f". Measured on {info.view.device}."), *([Part(_UNJUDGED)] if info.unjudged else []),
    ]  # fmt: skip


def foot(info: TicketInfo) -> str:
    """Return n, how a point is measured, and what the lines are."""
    if info.collapsed is not None:
        return f"n = 0: measurements are {REASONS['collapse']}"
    return " · ".join(
        [
            *hardware.notes(info.formats, info.view, spread="bars"),
            "line at 1: as fast as dense",
            "dotted: 1/density, the ratio of multiplications",
            "structured: a smaller network with as many weights",
        ]
    )


def draw(info: TicketInfo) -> go.Figure:
    """Draw the figure on a log axis: a row for each format, from 1, where it is as fast as dense, to its speed-up."""
    every = np.concatenate([item.values.ravel() for item in info.formats])
    theory = 1 / info.density if math.isfinite(info.density) and info.collapsed is None else math.nan
    known = [0.6, 2.0, theory, *every[np.isfinite(every)].tolist()]
    low, high = math.log10(np.nanmin(known)), math.log10(np.nanmax(known))
    x_range = (low - 0.08, high + 0.15)
    rows = list(range(len(info.formats)))[::-1]
    data: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for row, item in zip(rows, info.formats, strict=True):
        value = float(mean(item.values)[0])
        if not math.isfinite(value):
            continue
        data.append(_row(item, row, value))
        text = hardware.times(value)
        notes.append(note(text, role=item.name, x=math.log10(value), y=row, xanchor="center", yanchor="bottom",
                          yshift=7, bgcolor="rgba(255,255,255,0.7)"))  # fmt: skip
    bottom, top = -0.6, len(rows) - 0.25
    data.append(_vertical(DENSE, 1.0, bottom, top, "solid"))
    if math.isfinite(theory):
        data.append(_vertical(SOFT, theory, bottom, top, "dot"))
    return figure(
        data,
        title="Is this ticket faster?",
        finding=finding(info),
        foot=foot(info),
        n=int(hardware.n_of(info.formats).max(initial=0)),
        xaxis=mean_lines.log_axis("speed-up over dense (×)", x_range),
        yaxis=axis("format", tickvals=rows, ticktext=[FORMATS[item.name].label for item in info.formats],
                   range=[bottom, top], showgrid=False, fixedrange=True),
        annotations=notes,
        margin={"l": 112, "r": 16, "t": 26, "b": 42},
        hovermode="closest",
    )  # fmt: skip


def _row(item: Format, row: int, value: float) -> dict[str, Any]:
    look = LOOKS[item.name]
    values = item.values[np.isfinite(item.values)]
    low, high = float(values.min()), float(values.max())
    spread = f" ({hardware.times(low)} to {hardware.times(high)}, n = {len(values)})" if len(values) > 1 else ""
    text = f"{look.label}: {hardware.times(value)}{spread}"
    return {
        "type": "scatter", "mode": "lines+markers", "name": look.label, "x": [1.0, value], "y": [row, row],
        "text": [text, text], "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": look.color, "width": 2.5}, "meta": {"role": item.name, "part": "mean"},
        "marker": {"symbol": look.symbol, "color": look.color, "size": [0.0, 10.0], "opacity": [0.0, 1.0]},
        "error_x": {"type": "data", "symmetric": False, "array": [0.0, high - value], "color": look.color,
                    "arrayminus": [0.0, value - low], "thickness": 1, "visible": len(values) > 1},
    }  # fmt: skip


def _vertical(role: str, x: float, bottom: float, top: float, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": [x, x], "y": [bottom, top], "hoverinfo": "skip",
        "line": {"color": LOOKS[role].color, "width": 1.2, "dash": dash}, "meta": {"role": role, "part": "reference"},
    }  # fmt: skip


def table(info: TicketInfo) -> dict[str, list[Any]]:
    """Return one row per format and replicate; refused ones have no speed-up but a reason."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("ticket", "density", "format", "replicate", "speedup", "energy_j", "refused")
    }  # fmt: skip
    for item in info.formats:
        for j, value in enumerate(item.values[0].tolist()):
            if math.isfinite(value) or item.refused[0]:
                row = (info.ticket, info.density, item.name, j, value, float(item.energy[0, j]), item.refused[0])
                for column, one in zip(columns.values(), row, strict=True):
                    column.append(one)
    return columns


ENTRY = FigureEntry(
    "ticket_speedup",
    "Is this ticket faster?",
    "How much faster than its dense network is this ticket, on this machine?",
    ("hardware",),
    TicketOptions,
    info,
    draw,
    table,
    wanted=has_ticket,
    collapses=True,
)
