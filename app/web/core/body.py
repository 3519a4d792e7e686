"""What every body must pass: not too long, not too slow, and JSON in which no name occurs twice."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import unique_json
from app.archives.manifest import MAX_BYTES as MAX_ARCHIVE_BYTES
from app.imports.limits import MAX_BYTES as MAX_IMPORT_BYTES
from app.pictures.prepare import MAX_BYTES as MAX_PICTURE_BYTES
from app.web.core.problems import BadField, problem
from app.web.core.root_path import own_path

MAX_BODY_BYTES: Final = 2**20
# Where files are uploaded: their routes read the body as it comes, and act when it has come whole.
STREAMED: Final[dict[str, int]] = {
    **dict.fromkeys(("/api/v1/imports", "/import"), MAX_IMPORT_BYTES + MAX_BODY_BYTES),
    **dict.fromkeys(("/api/v1/archives", "/archives"), MAX_ARCHIVE_BYTES + MAX_BODY_BYTES),
    "/api/v1/pictures": MAX_PICTURE_BYTES + MAX_BODY_BYTES,
}
PATIENCE_S = 20.0
"""Seconds that a body may take, and a second more for each `LEAST_BYTES_PER_S` of it."""
LEAST_BYTES_PER_S: Final = 2**14


class BodyLimit:
    """Refuses bodies over `max_bytes` with 413, whether announced or chunked, and those that come too slowly with 408.

    The body is read before the application runs, so that no route can begin to act on one that is refused. Bodies of
    the paths in `streamed` pass through instead, up to the bytes named there.
    """

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES, streamed: Mapping[str, int] = STREAMED) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length == "0" and "transfer-encoding" not in headers:
            await self.app(scope, receive, send)
            return
        if not _in_utf8(headers):
            await problem(400, "The form cannot be read: send it as UTF-8.")(scope, receive, send)
            return
        path = own_path(scope)
        limit = self.streamed.get(path, self.max_bytes)
        if length.isdecimal() and int(length) > limit:
            await problem(413, _too_long(limit))(scope, receive, send)
            return
        bounded = _Bounded(receive, limit)
        if path in self.streamed:
            # What it raises reaches the route that reads: the application answers it as any other refusal.
            await self.app(scope, bounded.receive, send)
            return
        try:
            body = await bounded.whole()
        except HTTPException as error:
            await problem(error.status_code, error.detail, headers=dict(error.headers or {}))(scope, receive, send)
            return
        if body is None:
            return
        if (refusal := _repeated(headers.get("content-type", ""), body)) is not None:
            await refusal(scope, receive, send)
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)


class _Bounded:
    """A body as it comes. Raises HTTPException when it is too long or too slow."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._began = time.monotonic()
        self._bytes = 0
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()  # an answer waits for its client to leave
        ends = self._began + PATIENCE_S + self._bytes / LEAST_BYTES_PER_S
        try:
            async with asyncio.timeout(ends - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            detail = f"The body arrived too slowly: {self._bytes:,} bytes in {time.monotonic() - self._began:.0f} s."
            raise HTTPException(408, detail, {"Connection": "close"}) from None
        self._bytes += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._bytes > self._limit:
            raise HTTPException(413, _too_long(self._limit))
        return message

    async def whole(self) -> bytes | None:
        """Return all of it; None when the client has left."""
        body = bytearray()
        while not self._whole:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
        return bytes(body)


def _in_utf8(headers: Headers) -> bool:
    """Return whether a form is in UTF-8: codecs of a sender's choice raise, or give text that no UTF-8 can hold."""
    kind, options = parse_options_header(headers.get("content-type"))
    named = options.get(b"charset", b"utf-8").strip().lower()
    return kind != b"multipart/form-data" or named in (b"utf-8", b"utf8", b"us-ascii")


def _too_long(limit: int) -> str:
    return f"The body exceeds {limit:,} bytes."


def _repeated(content_type: str, body: bytes) -> Response | None:
    """Return a refusal when the body is JSON in which a name occurs twice; what is no JSON is left to the routes."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        return None
    try:
        unique_json.loads(body)
    except unique_json.RepeatedNameError as error:
        path = error.path.removeprefix("spec.")
        message = "occurs twice in one object, so its value is ambiguous"
        return problem(422, f"{path}: {message}", errors=[BadField(path=path, message=message)])
    except (ValueError, RecursionError):
        return None
    return None
