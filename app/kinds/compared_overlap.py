"""How many weights the tickets of several runs share, against chance."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import plotly.graph_objects as go
from pydantic import Field

from app.atlas.overlaps import overlaps
from app.atlas.pairings import choices, decided, layers, named
from app.atlas.reader import Index, Reader
from app.contract.experiment import FieldError
from app.kinds import overlap_relations
from app.kinds.overlap_relations import Relations
from app.masks.overlap import NO_OVERLAPS, Overlaps
from app.masks.pairing import Choice
from app.plotting.compared import ComparedEntry, ComparedSource, Said, Sheet
from app.plotting.source import Options, Source
from app.plotting.style import axis, figure
from app.plotting.tickets import overlap_matrix
from app.plotting.tickets.overlap_matrix import MatrixInfo
from app.plotting.tickets.overlap_view import MatrixOptions
from app.plotting.tickets.pair_means import INTERVAL
from app.plotting.words import Part
from app.records import Run


class OverlapOptions(Options):
    """`measure` is as in the figure of one run; `pruned_to` is the level, −1 the deepest that all have.

    `pairing` is which layers of two runs belong together where names and shapes do not, as in the figure of one run.
    """

    measure: Literal["iou", "uniform", "unit_permuted", "magnitude_at_init"] = "iou"
    pruned_to: int = Field(-1, ge=-1, le=1_000)
    pairing: str = Field("", max_length=8_000)


class Alike(NamedTuple):
    """Runs whose layers can be paired with those of the first, and why each other one cannot."""

    runs: tuple[Index, ...]
    others: tuple[tuple[Index, str], ...]


class Shared(NamedTuple):
    """Overlaps of the tickets of runs whose layers can be paired, and why the other runs are not among them."""

    overlaps: Overlaps
    left_out: tuple[str, ...]


class OverlapInfo(NamedTuple):
    """The figure of one run's overlaps, of all runs together, None without two runs; `left_out` are reasons.

    `relations` are means over pairs of tickets, by what two tickets have in common.
    """

    matrix: MatrixInfo | None
    left_out: tuple[str, ...]
    live: bool
    relations: Relations = Relations((), ())


def alike(reader: Reader, runs: Sequence[Run], choice: Choice) -> Alike:
    """Return the most runs with masks whose layers can be paired with those of one of them, which comes first."""
    indices = [index for run in runs if (index := reader.index(run.id)).tickets]
    # Runs of one network pair with the same others, but for those whose pairing was chosen.
    chosen = {run for pair in choice for run in pair}
    networks = {tuple(layers(index)): index for index in reversed(indices)}
    bases = [
        index for index in indices if index.run.id in chosen or any(index is network for network in networks.values())
    ]
    alike = Alike((), ())
    for first in bases:
        reasons = [(index, _reason(first, index, choice)) for index in indices if index is not first]
        mine = [first, *(index for index, reason in reasons if not reason)]
        if len(mine) > len(alike.runs):
            alike = Alike(tuple(mine), tuple((index, reason) for index, reason in reasons if reason))
    return alike


def _reason(first: Index, index: Index, choice: Choice) -> str:
    """Return why the layers of a run are not those of the first; empty where they are."""
    try:
        decided(first, index, choice)
    except FieldError as error:
        return error.message
    return ""


def load(reader: Reader, runs: Sequence[Run], options: OverlapOptions) -> Shared:
    """Return the overlaps of the runs that `alike` finds. Raises FieldError for a pairing that is none."""
    comparable = alike(reader, runs, choices(options.pairing))
    left_out = tuple(f"{named(index)}: {reason}" for index, reason in comparable.others)
    if len(comparable.runs) < 2:
        return Shared(NO_OVERLAPS, left_out)
    first, *others = comparable.runs
    matrix_options = MatrixOptions.model_construct(
        others=",".join(index.run.id for index in others), measure=options.measure,
        level=None if options.pruned_to < 0 else options.pruned_to,
        tickets="", across="replicates", replicate=0, layer=None, pairing=options.pairing,
    )  # fmt: skip
    return Shared(overlaps(reader, first.run.id, matrix_options), left_out)


def info(source: ComparedSource[OverlapOptions]) -> OverlapInfo:
    """Return the data of the figure, from the overlaps that were loaded."""
    shared: Shared | None = source.loaded
    if shared is None or not shared.overlaps.refs:
        return OverlapInfo(None, shared.left_out if shared else (), source.live)
    options = MatrixOptions(
        measure=source.options.measure, level=None if source.options.pruned_to < 0 else source.options.pruned_to
    )
    first = shared.overlaps.refs[0].run
    run = next(run for run in source.runs if run.id == first)
    matrix = overlap_matrix.info(Source(run, options, overlaps=shared.overlaps))
    means = overlap_relations.relations(shared.overlaps, matrix, source.runs)
    return OverlapInfo(matrix, shared.left_out, source.live, means)


def said(info: OverlapInfo) -> Said:
    """Return the words of the figure, and which runs are not in it."""
    end = f" Not compared: {'; '.join(info.left_out[:3])}." if info.left_out else ""
    if info.matrix is None:
        awaited = "Masks are compared as soon as two runs have saved some." if info.live else (
            "Nothing to show: fewer than two of these runs have masks of the same layers."
        )  # fmt: skip
        return Said("Overlap of tickets", [Part(f"{awaited}{end}")], "n = 0", blank=True, size="sheet")
    meta: Any = overlap_matrix.draw(info.matrix).layout.meta
    parts = [] if info.matrix.awaited else overlap_relations.finding(info.relations, info.matrix)
    parts = parts or [Part(part["text"], part.get("role")) for part in meta["finding"]]
    foot = f"{meta['foot']} · intervals: {INTERVAL}"
    return Said(meta["title"], [*parts, Part(end)] if end else parts, foot, size="sheet")


def draw(info: OverlapInfo) -> go.Figure:
    """Draw the figure of one run's overlaps, with the words of several."""
    words = said(info)
    if info.matrix is None:
        return figure((), **words.layout, n=0, xaxis=axis(""), yaxis=axis(""))
    drawn = overlap_matrix.draw(info.matrix)
    drawn.layout.meta = {**drawn.layout.meta, "finding": [part._asdict() for part in words.finding], "size": words.size,
                         "foot": words.foot}  # fmt: skip
    return drawn


def table(info: OverlapInfo) -> dict[str, list[Any]]:
    """Return one row per two tickets, each with itself too, with the means over all pairs of the same relation."""
    if info.matrix is None:
        return {"a": [], "b": []}
    return {**overlap_matrix.table(info.matrix), **overlap_relations.columns(info.relations)}


def sheet(info: OverlapInfo) -> Sheet | None:
    """Return what two tickets share on average, against chance, by what they have in common."""
    return overlap_relations.sheet(info.relations, info.matrix) if info.matrix is not None else None


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
    sheet,
    load=load,
    artifacts=("mask", "pyramid"),
)
