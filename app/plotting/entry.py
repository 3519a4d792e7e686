"""The description of a figure, and how a figure leaves as JSON or CSV."""

import csv as csv_format
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import plotly.graph_objects as go

from app.plotting.source import Options, Source
from app.records import Run

# What spreadsheets compute instead of show, unless it is a number such as -0.5.
_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


class Reads(NamedTuple):
    """What a figure reads under some options: series and artifacts by name, at one level or, for None, at all."""

    series: Mapping[str, int | None]
    artifacts: Mapping[str, int | None]


@dataclass(frozen=True)
class FigureEntry:
    """One figure: `info` (records → tuple of data), `draw` (data → figure) and `table` (data → columns).

    `series` and `artifacts` are all that it may ever read, so an event that touches none of them cannot change it.
    `reads` gives what it reads under given options. A page leaves the figure out of runs for which `wanted` is false:
    they have nothing for it. `collapses` is True if it shows where tickets have collapsed.
    """

    name: str
    title: str
    question: str
    series: tuple[str, ...]
    options: type[Options]
    info: Callable[[Source[Any]], Any] = field(repr=False)
    draw: Callable[[Any], go.Figure] = field(repr=False)
    table: Callable[[Any], dict[str, list[Any]]] = field(repr=False)
    artifacts: tuple[str, ...] = ()
    reads_of: Callable[[Any], Reads] | None = field(default=None, repr=False)
    wanted: Callable[[Run], bool] | None = field(default=None, repr=False)
    collapses: bool = False

    def reads(self, options: Options) -> Reads:
        """Return what `build` reads; everything else need not be loaded."""
        if self.reads_of is not None:
            return self.reads_of(options)
        return Reads(dict.fromkeys(self.series), dict.fromkeys(self.artifacts))

    def build(self, source: Source[Any]) -> go.Figure:
        """Return the figure of that source."""
        return self.draw(self.info(source))


def render(entry: FigureEntry, source: Source[Any]) -> bytes:
    """Return the figure as Plotly's JSON, numeric arrays as base64 of their bytes."""
    text: str = entry.build(source).to_json(engine="orjson")
    return text.encode()


def csv(entry: FigureEntry, source: Source[Any]) -> str:
    """Return the figure's data as CSV with a header row; what is not a number is left empty."""
    return to_csv(entry.table(entry.info(source)))


def to_csv(columns: Mapping[str, list[Any]]) -> str:
    """Return equally long columns as CSV.

    Text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv_format.writer(out, lineterminator="\n")
    writer.writerow(_cell(name) for name in columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(_cell(value) for value in row)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        # Python leaves a carriage return unquoted, where a reader would see the end of the row.
        text = value.replace("\r\n", "\n").replace("\r", "\n")
        return f"'{text}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else text
    return "" if value is None or value != value else value
