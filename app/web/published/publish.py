"""The page on which people publish what is theirs by a link, and revoke such links."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.published import Published
from app.store import Store
from app.store.publishing import QUERY
from app.web.accounts.people import known
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import edge, page
from app.web.core.root_path import own_path
from app.web.core.secret_paths import PUBLISHED
from app.web.published.links import links_shown

router = APIRouter(include_in_schema=False, dependencies=[Depends(known)])
DAYS: Final = (7, 30, 90, 365)
WHAT: dict[str, Published] = {"run": "run", "comparison": "comparison"}
"""What can be published by this page."""
_Text = Annotated[str, Query(max_length=QUERY)]


@router.get("/publish")
def publish_page(request: Request, store: StoreDep, what: _Text = "", runs: _Text = "", view: _Text = "") -> Response:
    """Return the form that publishes a run or a comparison, and the links to it that there are."""
    return _page(request, store, {"what": what, "runs": runs, "view": view})


@router.post("/publish")
def publish(request: Request, store: StoreDep, data: FormDep) -> Response:
    """Return the page with a new link, which is shown this once."""
    what, runs = _thing(data)
    link = store.publish(what, runs, query=data.get("view", ""), days=_days(data.get("days", "")))
    base = str(request.url).partition("?")[0].removesuffix(own_path(request.scope))
    return _page(request, store, data, link=f"{base}{PUBLISHED}{link}")


@router.post("/publish/{link_id}/revoke")
def revoke(store: StoreDep, data: FormDep, link_id: str) -> RedirectResponse:
    """End a link."""
    store.revoke_link(link_id)
    back = {name: data[name] for name in ("what", "runs", "view") if data.get(name)}
    return RedirectResponse(f"/publish?{urlencode(back)}" if "runs" in back else "/account#published", 303)


def _thing(data: Mapping[str, str]) -> tuple[Published, list[str]]:
    what = WHAT.get(data.get("what", ""))
    if what is None:
        raise FieldError("what", f"must be one of {', '.join(WHAT)}")
    runs = list(dict.fromkeys(filter(None, (run.strip() for run in data.get("runs", "").split(",")))))
    if not runs or (what == "run" and len(runs) > 1):
        raise FieldError("runs", "must name one run" if what == "run" else "must name the runs, separated by commas")
    return what, runs


def _days(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 4:
        raise FieldError("days", "must be a number of days, or empty")
    return int(text)


def _page(request: Request, store: Store, data: Mapping[str, str], link: str = "") -> HTMLResponse:
    what, runs = _thing(data)
    links = store.links_to(runs)
    back = f"/runs/{runs[0]}" if what == "run" else f"/compare?{urlencode({'runs': ','.join(runs)})}"
    return page(
        request, "published/publish.html", what=what, runs=store.several(runs), view=data.get("view", ""), days=DAYS,
        link=link, links=links_shown(store, links), back=back, shell=edge(request, store),
    )  # fmt: skip
