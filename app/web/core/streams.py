"""Event streams: hints for open pages, and the log of a run for scripts."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.sse import format_sse_event
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.live import Broadcaster, Viewer
from app.web.core.context import BroadcasterDep
from app.web.core.run_log import Log

HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 1_000
# A page shows far fewer runs; more names would only make one question to the database long for everybody.
RUNS_AT_ONCE: Final = 200
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_RUN_ID: Final = re.compile("[0-9a-z]{10}")

router = APIRouter()


class EventStream(Response):
    """Frames for a viewer that lives exactly as long as the connection."""

    media_type = "text/event-stream"

    def __init__(
        self,
        broadcaster: Broadcaster,
        runs: frozenset[str] | None,
        frames: Callable[[Viewer], AsyncIterator[bytes]],
    ) -> None:
        super().__init__()
        self.broadcaster = broadcaster
        self.runs = runs
        self.frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.broadcaster.viewer(self.runs) as viewer:
            stream = StreamingResponse(self.frames(viewer), headers=HEADERS, media_type=self.media_type)
            await stream(scope, receive, send)


@router.get("/live", response_class=EventStream, include_in_schema=False)
async def live(broadcaster: BroadcasterDep, runs: Annotated[str, Query(max_length=10_000)] = "") -> Response:
    """Send hints about the runs named, comma-separated, or about all; first their state now."""
    return EventStream(broadcaster, _named(runs) if runs else None, _hint_frames)


def _named(runs: str) -> frozenset[str]:
    """Return the first `RUNS_AT_ONCE` ids among comma-separated words: one query serves all viewers."""
    ids = dict.fromkeys(word for word in runs.split(",") if _RUN_ID.fullmatch(word))
    return frozenset(list(ids)[:RUNS_AT_ONCE])


async def _hint_frames(viewer: Viewer) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=RETRY_MS)
    while (hints := await viewer.hints(HEARTBEAT_S)) is not None:
        yield b"".join(hint.frame for hint in hints) or format_sse_event(comment="still here")


def event_stream(log: Log, broadcaster: Broadcaster, run_id: str, after: int) -> EventStream:
    """Return the log of a run after event `after`, then every new event as it comes; each frame's id is its `seq`."""

    async def frames(viewer: Viewer) -> AsyncIterator[bytes]:
        seq, newest = after, None
        yield format_sse_event(retry=RETRY_MS)
        while True:
            while newest is None or seq < newest:
                part = await log.after(run_id, seq, newest)
                if viewer.closed:
                    return
                if part.seq == seq:  # nothing yet; or purged while a reader watched, and there is nothing more
                    break
                yield part.frames
                seq = part.seq
            hints = await viewer.hints(HEARTBEAT_S)
            if hints is None:
                return
            if not hints:
                yield format_sse_event(comment="still here")
            newest = max([seq, *(hint.seq for hint in hints)])

    return EventStream(broadcaster, frozenset({run_id}), frames)
