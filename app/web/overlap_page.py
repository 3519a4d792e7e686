"""The choice of tickets to compare: all masks of a run as a grid of replicates and branches by levels."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.atlas.reader import Reader
from app.contract.records import Run
from app.contract.tickets import TicketRef
from app.web.masks_page import branch_words


@dataclass(frozen=True)
class Choice:
    """One ticket that can be ticked; its address is empty where none is saved."""

    address: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class OverlapPage:
    """Rows of the grid with their names, its levels, and what is named beside it."""

    levels: tuple[int, ...]
    rows: tuple[tuple[str, tuple[Choice, ...]], ...]
    beside: str
    others: str
    chosen: int


def overlap_page(reader: Reader, run: Run, query: Mapping[str, str]) -> OverlapPage:
    """The grid, with what the address names ticked; addresses of other runs stand beside it."""
    named = {text.strip() for text in query.get("tickets", "").split(",") if text.strip()}
    saved = reader.index(run.id).tickets
    levels = tuple(sorted({ref.level for ref in saved}))
    sides = sorted({(ref.replicate, ref.branch != "winning_ticket", ref.branch, ref.draw) for ref in saved})
    there = set(saved)

    def choice(replicate: int, branch: str, draw: int, level: int) -> Choice:
        ref = TicketRef(run.id, replicate, level, branch, draw)
        name = f"replicate {replicate}, {branch_words(ref)}, level {level}"
        return Choice(str(ref) if ref in there else "", name, str(ref) in named)

    rows = tuple(
        (
            f"replicate {replicate} · {branch_words(TicketRef(run.id, replicate, 0, branch, draw))}",
            tuple(choice(replicate, branch, draw, level) for level in levels),
        )
        for replicate, _, branch, draw in sides
    )
    beside = sorted(named - {str(ref) for ref in saved})
    return OverlapPage(levels, rows, ", ".join(beside), query.get("others", ""), len(named))
