"""Documents as pages: the protocol and the glossary."""

import re
from functools import cache

from fastapi import APIRouter, Request
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from app.files import DOCS
from app.store import Store
from app.web.core.context import StoreDep
from app.web.core.glossary import terms
from app.web.core.page import page, shell

router = APIRouter(include_in_schema=False)


@router.get("/protocol")
def protocol(request: Request, store: StoreDep) -> HTMLResponse:
    """Return how things are measured: docs/protocol.md."""
    return _document(request, store, "protocol", "Protocol")


@router.get("/glossary")
def glossary(request: Request, store: StoreDep) -> HTMLResponse:
    """Return what words mean here: docs/glossary.md."""
    return _document(request, store, "glossary", "Glossary")


def _document(request: Request, store: Store, name: str, title: str) -> HTMLResponse:
    return page(request, "documents/document.html", title=title, html=_html(name), shell=shell(store))


@cache
def _html(name: str) -> Markup:
    path = DOCS / f"{name}.md"
    if not path.is_file():
        raise HTTPException(404, f"This installation has no {path.name}.")
    text = re.sub(r"\]\((\w+)\.md\)", r"](\1)", path.read_text("utf-8"))
    # Our own file, and `html=False` escapes any markup in it all the same.
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    if name == "glossary":
        for term in terms():
            words = escape(", ".join(term.words))
            html = html.replace(f"<tr>\n<td>{words}</td>", f'<tr id="row-{term.anchor}">\n<td>{words}</td>')
    return Markup(html)  # noqa: S704
