"""A published link as it is opened: what it shows, under which address, and the answers that all kinds share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from app.records.published import PublishedLink
from app.store import Store
from app.store.errors import NotFound
from app.web.core.columns import Format
from app.web.core.context import Readers
from app.web.core.figures import Answer
from app.web.core.secret_paths import PUBLISHED
from app.web.run.cards import Card

GONE: Final = "This link was revoked, has expired or never was one: ask for another where it came from"
HEADERS: Final = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""Of each answer: the address is a secret, which no search engine and no other site may learn."""
_OWN = frozenset({"runs", "q", "format", "bom"})


@dataclass(frozen=True)
class Opened:
    """A link that was found by its secret; `address` is that of its page, below the sub-path."""

    link: PublishedLink
    address: str

    def query(self, request: Request) -> dict[str, str]:
        """Return the requested view: that of the address, else the one that was published."""
        given = request.query_params.multi_items() or parse_qsl(self.link.query)
        return {name: value for name, value in given if name not in _OWN}

    def moved(self, card: Card) -> Card:
        """Return a card whose addresses are those of this link."""
        src = f"{self.address}/figures/{card.name}"
        query = [pair for pair in parse_qsl(urlsplit(card.csv).query) if pair[0] not in ("runs", "q")]
        controls = tuple(control for control in card.controls if control.name not in ("runs", "q"))
        return replace(card, action=self.address, src=src, csv=f"{src}?{urlencode(query)}", controls=controls)


@dataclass(frozen=True)
class Shown:
    """How one kind of thing is shown to who has a link.

    `page` answers the page for a view; `figure` a figure by name and options, with the name of its file. Both read
    `Opened.link.runs` and no other run. `figure` raises NotFound for a figure that the thing has not.
    """

    page: Callable[[Request, Opened, Readers], HTMLResponse]
    figure: Callable[[Readers, Opened, str, Mapping[str, str], Format], tuple[Answer, str]]


async def opened(request: Request, link: str) -> Opened:
    """Return what a link shows. Raises NotFound for one that shows nothing."""
    store: Store = request.app.state.store
    shown = await run_in_threadpool(store.published, link)
    if shown is None:
        raise NotFound(GONE)
    return Opened(shown, f"{PUBLISHED}{link}")


def quiet(answer: Any) -> Any:
    """Return an answer with the headers of a secret address."""
    answer.headers.update(HEADERS)
    return answer


OpenedDep = Annotated[Opened, Depends(opened)]
