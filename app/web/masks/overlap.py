"""The choice of tickets to compare: one row of controls, all masks of a run as a grid, and other runs by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from app.atlas.reader import Index, Reader
from app.contract.events import WINNING_TICKET
from app.contract.tickets import TicketRef
from app.plotting.tickets.overlap_view import MatrixOptions
from app.records import Run
from app.store.errors import NotFound
from app.web.masks.page import control_words
from app.web.masks.pairing import PairingForm, pairing_form

_MEASURES = {
    "iou": "IoU",
    "uniform": "adjusted, uniform",
    "unit_permuted": "adjusted, unit-permuted",
    "magnitude_at_init": "adjusted, magnitude at init",
}


@dataclass(frozen=True)
class Ticked:
    """One ticket that can be ticked; its address is empty where none is saved."""

    address: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class Select:
    """One control of both figures: `value` is chosen; `across` lists the choices of tickets that it applies to."""

    name: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...]
    across: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class OverlapPage:
    """Controls, rows of the grid with their names, its levels, what is named next to it, and pairings of layers.

    `run_names` holds the names of all runs that are named, by id.
    """

    across: Select
    selects: tuple[Select, ...]
    levels: tuple[int, ...]
    rows: tuple[tuple[str, tuple[Ticked, ...]], ...]
    other_runs: str
    others: str
    chosen: int
    run_names: Mapping[str, str]
    pairing: str
    pairings: tuple[PairingForm, ...]

    @property
    def undecided(self) -> bool:
        """Return whether layers of two runs are not paired, or cannot be: then there is no figure to draw."""
        return any(form.open or form.problem for form in self.pairings)


def across_default(reader: Reader, run: Run, query: Mapping[str, str]) -> str:
    """Return what tickets of this run are compared across where the address has none: the first that has several."""
    index = reader.index(run.id)
    if query.get("across") in get_args(MatrixOptions.model_fields["across"].annotation):
        return query["across"]
    several = [name for name, _ in _across(index)[1:]]
    if query.get("others") or not several or len({ref.replicate for ref in index.tickets}) != 1:
        return "replicates"
    return several[0]


def overlap_page(reader: Reader, run: Run, query: Mapping[str, str]) -> OverlapPage:
    """Return the controls and the grid, with what the address names chosen; other runs have a field of their own."""
    named = {text.strip() for text in query.get("tickets", "").split(",") if text.strip()}
    index = reader.index(run.id)
    saved = index.tickets
    levels = tuple(sorted({ref.level for ref in saved}))
    sides = sorted({(ref.replicate, ref.control != WINNING_TICKET, ref.control, ref.draw) for ref in saved})
    there = set(saved)

    def ticked(replicate: int, control: str, draw: int, level: int) -> Ticked:
        ref = TicketRef(run.id, replicate, level, control, draw)
        name = f"replicate {replicate}, {control_words(ref)}, level {level}"
        return Ticked(str(ref) if ref in there else "", name, str(ref) in named)

    rows = tuple(
        (
            f"replicate {replicate} · {control_words(TicketRef(run.id, replicate, 0, control, draw))}",
            tuple(ticked(replicate, control, draw, level) for level in levels),
        )
        for replicate, _, control, draw in sides
    )
    other_runs = sorted(named - {str(ref) for ref in saved})
    across = across_default(reader, run, query)
    indices = _others(reader, run.id, query, other_runs)
    return OverlapPage(
        across=Select("across", "across", across, _across(index), hidden=bool(named) or len(_across(index)) < 2),
        selects=_selects(index, query, across, named=bool(named)),
        levels=levels,
        rows=rows,
        other_runs=", ".join(other_runs),
        others=query.get("others", ""),
        chosen=len(named),
        run_names={run: other.run.name for run, other in indices.items()},
        pairing=query.get("pairing", ""),
        pairings=tuple(pairing_form(index, other, query.get("pairing", "")) for other in indices.values()),
    )


def _across(index: Index) -> tuple[tuple[str, str], ...]:
    """Return what there is more than one of; replicates always, since other runs may be shown with them."""
    several = {
        "levels": len({ref.level for ref in index.tickets}) > 1,
        "branches": len({ref.control for ref in index.tickets}) > 1,
    }
    return (("replicates", "replicates"), *((name, name) for name, there in several.items() if there))


def _selects(index: Index, query: Mapping[str, str], across: str, *, named: bool) -> tuple[Select, ...]:
    levels = tuple((str(level),) * 2 for level in sorted({ref.level for ref in index.tickets}))
    replicates = tuple((str(item),) * 2 for item in sorted({ref.replicate for ref in index.tickets}))
    layers = tuple((layer.name,) * 2 for layer in index.layers)

    def select(name: str, label: str, options: tuple[tuple[str, str], ...], applies: str = "") -> Select:
        value = query.get(name, "")
        value = value if value in dict(options) else options[0][0] if options else ""
        pointless = len(options) < 2 or bool(applies and (named or across not in applies.split()))
        return Select(name, label, value, options, applies, pointless)

    return (
        select("level", "level", (("", "deepest"), *levels), "replicates branches"),
        select("replicate", "replicate", replicates, "levels branches"),
        select("layer", "layer", (("", "all layers"), *layers)),
        select("measure", "matrix shows", tuple(_MEASURES.items())),
    )


def _others(reader: Reader, own: str, query: Mapping[str, str], other_runs: list[str]) -> dict[str, Index]:
    """Return the other runs that the address names, as far as they exist."""
    ids = [item.strip() for item in query.get("others", "").split(",")]
    ids += [address.partition(":")[0] for address in other_runs]
    others = {}
    for run in dict.fromkeys(filter(None, ids)):
        if run != own:
            try:
                others[run] = reader.index(run)
            except NotFound:
                continue
    return others
