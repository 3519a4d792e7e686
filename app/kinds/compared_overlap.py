"""How many weights the tickets of several runs share, against chance."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import plotly.graph_objects as go
from pydantic import Field

from app.atlas.overlaps import overlaps
from app.atlas.pairings import choices, decided, named
from app.atlas.reader import Index, Reader
from app.contract.experiment import FieldError
from app.masks.overlap import NO_OVERLAPS, Overlaps
from app.plotting.compared import ComparedEntry, ComparedSource, Said
from app.plotting.source import Options, Source
from app.plotting.style import axis, figure
from app.plotting.tickets import overlap_matrix
from app.plotting.tickets.overlap_matrix import MatrixInfo
from app.plotting.tickets.overlap_view import MatrixOptions
from app.plotting.words import Part
from app.records import Run


class OverlapOptions(Options):
    """`measure` is as in the figure of one run; `pruned_to` is the level, −1 the deepest that all have."""

    measure: Literal["iou", "uniform", "unit_permuted", "magnitude_at_init"] = "iou"
    pruned_to: int = Field(-1, ge=-1, le=1_000)


class Shared(NamedTuple):
    """Overlaps of the tickets of runs whose layers can be paired, and why the other runs are not among them."""

    overlaps: Overlaps
    left_out: tuple[str, ...]


class OverlapInfo(NamedTuple):
    """The figure of one run's overlaps, of all runs together, None without two runs; `left_out` are reasons."""

    matrix: MatrixInfo | None
    left_out: tuple[str, ...]
    live: bool


def load(reader: Reader, runs: Sequence[Run], options: OverlapOptions) -> Shared:
    """Return the overlaps of all runs that have masks and whose layers are those of the first one."""
    indices = [index for run in runs if (index := reader.index(run.id)).tickets]
    if len(indices) < 2:
        return Shared(NO_OVERLAPS, ())
    left_out = []
    alike: list[Index] = [indices[0]]
    for index in indices[1:]:
        try:
            decided(indices[0], index, choices(""))
        except FieldError as error:
            left_out.append(_reason(index, error))
        else:
            alike.append(index)
    if len(alike) < 2:
        return Shared(NO_OVERLAPS, tuple(left_out))
    others = [index.run.id for index in alike[1:]]
    asked = MatrixOptions.model_construct(
        others=",".join(others), measure=options.measure, level=None if options.pruned_to < 0 else options.pruned_to,
        tickets="", across="replicates", replicate=0, layer=None, pairing="",
    )  # fmt: skip
    return Shared(overlaps(reader, alike[0].run.id, asked), tuple(left_out))


def _reason(index: Index, error: FieldError) -> str:
    return f"{named(index)}: {error.message}"


def info(source: ComparedSource[OverlapOptions]) -> OverlapInfo:
    """The data of the figure, from the overlaps that were loaded."""
    shared: Shared | None = source.loaded
    if shared is None or not shared.overlaps.refs:
        return OverlapInfo(None, shared.left_out if shared else (), source.live)
    options = MatrixOptions(
        measure=source.options.measure, level=None if source.options.pruned_to < 0 else source.options.pruned_to
    )
    first = shared.overlaps.refs[0].run
    run = next(each for each in source.runs if each.id == first)
    return OverlapInfo(
        overlap_matrix.info(Source(run, options, overlaps=shared.overlaps)), shared.left_out, source.live
    )


def said(info: OverlapInfo) -> Said:
    """The words of the figure, and which runs are not in it."""
    end = f" Not compared: {'; '.join(info.left_out[:3])}." if info.left_out else ""
    if info.matrix is None:
        awaited = "Masks are compared as soon as two runs have saved some." if info.live else (
            "Nothing to show: fewer than two of these runs have masks of the same layers."
        )  # fmt: skip
        return Said("Overlap of tickets", [Part(f"{awaited}{end}")], "n = 0", blank=True, size="sheet")
    meta: Any = overlap_matrix.draw(info.matrix).layout.meta
    parts = [Part(part["text"], part.get("role")) for part in meta["finding"]]
    return Said(meta["title"], [*parts, Part(end)] if end else parts, meta["foot"], size="sheet")


def draw(info: OverlapInfo) -> go.Figure:
    """The figure of one run's overlaps, with the words of several."""
    words = said(info)
    if info.matrix is None:
        return figure((), **words.layout, n=0, xaxis=axis(""), yaxis=axis(""))
    drawn = overlap_matrix.draw(info.matrix)
    drawn.layout.meta = {**drawn.layout.meta, "finding": [part._asdict() for part in words.finding], "size": words.size}
    return drawn


def table(info: OverlapInfo) -> dict[str, list[Any]]:
    """One row per two tickets, each with itself too."""
    return overlap_matrix.table(info.matrix) if info.matrix is not None else {"a": [], "b": []}


ENTRY = ComparedEntry(
    "compared_overlap",
    "Overlap of tickets",
    "Do different runs keep the same weights?",
    (),
    OverlapOptions,
    info,
    said,
    draw,
    table,
    load=load,
    artifacts=("mask", "pyramid"),
)
