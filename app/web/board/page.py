"""The board: presets, workers and the runs that a search finds."""

import re
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from app.search.parse import LENGTH
from app.store import Reads
from app.store.errors import NotFound
from app.web.board.build import Asked, build
from app.web.board.completion import completion
from app.web.board.notice import Notice
from app.web.board.view import NEWEST, Board
from app.web.core.context import SourcesDep
from app.web.core.live_parts import known_parts
from app.web.core.page import edge, page
from app.web.core.parameters import Cursor, Short
from app.web.core.who import VisitorDep
from app.web.core.words import short
from app.web.form.presets import presets
from app.web.workers.loads import machines, troubles

router = APIRouter(include_in_schema=False)

_ID = re.compile("[0-9a-z]{10}")


@router.get("/")
def board(
    request: Request,
    sources: SourcesDep,
    visitor: VisitorDep,
    q: Annotated[str, Query(max_length=LENGTH)] = "",
    state: Short = "",
    tag: Short = "",
    sort: Annotated[str, Query(max_length=100)] = NEWEST,
    cursor: Cursor = "",
    columns: Annotated[list[str] | None, Query(max_length=50)] = None,
    rows: Short = "",
    binned: Short = "",
    unsaved: Short = "",
    group: Annotated[str, Query(max_length=200)] = "",
    unfold: Annotated[str | None, Query(max_length=2_000)] = None,
) -> HTMLResponse:
    """Return presets, workers and runs."""
    with sources.now() as readers:
        store = readers.store
        choice = ",".join(filter(None, columns or ()))[:LENGTH]
        asked = Asked(q, state, tag, sort, cursor, choice, rows, group, unfold)
        board, known = build(store, readers.reader, asked), store.workers()
        # For the bar of actions, which is no live part.
        view = board if known_parts(request) is not None else replace(board, matching=_matching(store, board))
        owners = sources.store.names() if visitor is not None and known_parts(request) is None else ()
        cards = presets(store) if not board.counts else []
        return page(
            request, "board/board.html", board=view, presets=cards[:3], machines=machines(known),
            more_presets=len(cards) if len(cards) > 3 else 0, troubles=troubles(known), shell=edge(request, store),
            notice=_binned(store, binned) or _unsaved(unsaved), views=store.views(), words=completion(owners),
            projects=store.projects_to_fill() if board.rows and known_parts(request) is None else (),
        )  # fmt: skip


def _matching(store: Reads, board: Board) -> int:
    if not board.rows:
        return 0
    if not (board.cursor or board.next):
        return len(board.rows)
    if board.matching:
        return board.matching
    return store.count_matching(board.query) if board.filtered else sum(board.counts.values())


def _unsaved(view_id: str) -> Notice | None:
    if not view_id:
        return None
    if not _ID.fullmatch(view_id):
        return Notice(f"There is no view “{short(view_id)}”.")
    return Notice("The view is deleted.", f"/views/{view_id}/restore")


def _binned(store: Reads, run_id: str) -> Notice | None:
    if not run_id:
        return None
    try:
        run = store.run(run_id)
    except NotFound:
        return Notice(f"There is no run “{short(run_id)}” in the bin.")
    return Notice(f"“{run.name}” is in the bin.", f"/runs/{run.id}/restore") if run.deleted_at else None
