"""Figures of a report: lines that are links to a figure of a run or a comparison, with the options that they name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from app.contract.experiment import FieldError
from app.kinds.registry import KINDS
from app.plotting.compared import Sheet
from app.store.errors import NotFound
from app.store.ids import ALPHABET
from app.web.compare.answers import answer, options_of
from app.web.compare.page import compared_card
from app.web.compare.selection import select
from app.web.core.context import Readers
from app.web.core.problems import Invalid, summary
from app.web.run.cards import Card, card_of

_LINK: Final = re.compile(rf"(?:https?://[^/\s]+)?\S*?(/runs/[{ALPHABET}]{{10}}|/compare)(\?[^\s#]*)?#figure-([\w-]+)")
MOST = 30
"""Figures of a report."""


@dataclass(frozen=True)
class Pinned:
    """A figure at the view that its link names; `href` leads to its page."""

    number: int
    card: Card
    sheet: Sheet | None
    href: str


@dataclass(frozen=True)
class Wrong:
    """A link that no figure can be drawn of, and why."""

    link: str
    reason: str


def is_link(line: str) -> bool:
    """Return whether a line is a link to a figure and nothing else."""
    return len(line) <= 4_000 and _LINK.fullmatch(line.strip().strip("<>")) is not None


def pinned(readers: Readers, line: str, number: int) -> Pinned | Wrong:
    """Return the figure that a line links, or why there is none."""
    link = line.strip().strip("<>")
    match = _LINK.fullmatch(link)
    if match is None:
        return Wrong(link, "This is no link to a figure.")
    if number > MOST:
        return Wrong(link, f"A report has at most {MOST} figures.")
    path, name = match[1], match[3]
    query = dict(parse_qsl(urlsplit(f"{path}{match[2] or ''}").query, max_num_fields=200))
    try:
        card, sheet = _compared(readers, name, query) if path == "/compare" else _of_run(readers, path, name, query)
    except Invalid as error:
        return Wrong(link, f"{summary(error.errors)}.")
    except (NotFound, FieldError, ValueError) as error:
        said = f"{error.field} {error.message}" if isinstance(error, FieldError) else str(error)
        return Wrong(link, f"{said[:1].upper()}{said[1:]}.")
    return Pinned(number, card, sheet, f"{path}{match[2] or ''}#figure-{name}")


def _of_run(readers: Readers, path: str, name: str, query: Mapping[str, str]) -> tuple[Card, None]:
    run = readers.store.run(path.rpartition("/")[2])
    places = [(placed, tab) for tab in KINDS[run.kind].tabs for placed in tab.shown(run) if placed.entry.name == name]
    if not places:
        known = ", ".join(placed.entry.name for tab in KINDS[run.kind].tabs for placed in tab.shown(run))
        raise NotFound(f"run {run.id} has no figure {name!r}; there is {known}")
    placed, tab = places[0]
    given = {key: query[key] for key in placed.entry.options.model_fields if query.get(key)}
    readers.figures.answer(run.id, name, given, "json")  # a bad option is said here, and not left out
    return card_of(readers.figures, run, placed, tab, query), None


def _compared(readers: Readers, name: str, query: Mapping[str, str]) -> tuple[Card, Sheet | None]:
    named, q, group, columns = (query.get(key, "") for key in ("runs", "q", "group", "columns"))
    chosen = select(readers.store, named, q, group, columns)
    entry = next((entry for entry in chosen.figures if entry.name == name), None)
    if entry is None:
        known = ", ".join(entry.name for entry in chosen.figures)
        raise NotFound(f"these runs have no figure {name!r} together; there is {known}")
    answer(readers, chosen, entry, options_of(entry, query, every=False), "json")
    # The figure and its data of the runs that the words are of, although a search may find others by then.
    asked = {"runs": ",".join(run.id for run in chosen.runs), "group": group}
    return compared_card(readers, chosen, entry, asked, query)
