"""What a published link leads to: a page without a login, its figures, and hints of what is new in them."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.live import Hint, Viewer
from app.records.published import Published
from app.web.core.columns import CSV, Bom, Format, attachment, csv_bytes, wants_csv
from app.web.core.context import BroadcasterDep, SourcesDep, StoreDep
from app.web.core.parameters import Empty
from app.web.core.streams import HEARTBEAT_S, RETRY_MS, EventStream
from app.web.published.comparison import COMPARISON
from app.web.published.opened import OpenedDep, Shown, quiet
from app.web.published.run import RUN

router = APIRouter(include_in_schema=False)
KINDS: Final[dict[Published, Shown]] = {"run": RUN, "comparison": COMPARISON}
"""How each kind of thing is shown."""
CHECK_EVERY_S: Final = 5.0
"""How long a stream may go on after its link was revoked."""


@router.get("/published/{link}")
def published(request: Request, opened: OpenedDep, sources: SourcesDep) -> Response:
    """Return the page of what was published."""
    with sources.now() as readers:
        answer: Response = quiet(KINDS[opened.link.what].page(request, opened, readers))
        return answer


@router.get("/published/{link}/figures/{name}")
def figure(
    request: Request,
    opened: OpenedDep,
    name: str,
    sources: SourcesDep,
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a figure of what was published as Plotly JSON, or its data as CSV."""
    options = {key: value for key, value in request.query_params.items() if key not in ("format", "bom")}
    csv = wants_csv(request.headers.get("accept", ""), form)
    with sources.now() as readers:
        answer, file = KINDS[opened.link.what].figure(readers, opened, name, options, "csv" if csv else "json")
    headers = {"ETag": answer.etag, "Vary": "Accept"}
    if if_none_match is not None and answer.etag in {tag.strip() for tag in if_none_match.split(",")}:
        done = Response(status_code=304, headers=headers)
    elif csv:
        headers["Content-Disposition"] = attachment(f"{file}.csv")
        done = Response(csv_bytes(answer.body.decode(), bom=bom), media_type=CSV, headers=headers)
    else:
        done = Response(answer.body, media_type="application/json", headers=headers)
    quieted: Response = quiet(done)
    return quieted


@router.get("/published/{link}/live", response_class=EventStream)
async def live(link: str, opened: OpenedDep, store: StoreDep, broadcaster: BroadcasterDep) -> Response:
    """Send hints about what was published until the link is revoked or expires."""

    async def frames(viewer: Viewer) -> AsyncIterator[bytes]:
        yield format_sse_event(retry=RETRY_MS)
        checked, silent = time.monotonic(), 0.0
        while (hints := await viewer.hints(CHECK_EVERY_S)) is not None:
            if time.monotonic() - checked >= CHECK_EVERY_S:
                checked = time.monotonic()
                if await run_in_threadpool(store.published, link) is None:
                    return
            silent = 0.0 if hints else silent + CHECK_EVERY_S
            if hints:
                yield b"".join(map(_frame, hints))
            elif silent >= HEARTBEAT_S:
                silent = 0.0
                yield format_sse_event(comment="still here")

    return EventStream(broadcaster, frozenset(opened.link.runs), frames)


def _frame(hint: Hint) -> bytes:
    """Return a hint without its words, which name machines."""
    data = {"run": hint.run, "seq": hint.seq, "state": hint.state, "touched": sorted(hint.touched)}
    return format_sse_event(data_str=orjson.dumps(data).decode())
