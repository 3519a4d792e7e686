"""What every request and response must pass: trusted host, same site, bounded body, strict headers.

There are no accounts, so another site open in the same browser must not be able to act here. Everything is plain ASGI
and touches only the messages it must: event streams pass through unbuffered.
"""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.imports.limits import MAX_BYTES as MAX_IMPORT_BYTES
from app.pictures.prepare import MAX_BYTES as MAX_PICTURE_BYTES
from app.web.headers import HEADERS
from app.web.problems import problem
from app.web.root_path import own_path

MAX_BODY_BYTES: Final = 2**20
# Where files are uploaded: their routes read the body as it comes, and act when it has come whole.
STREAMED: Final[dict[str, int]] = {
    **dict.fromkeys(("/api/v1/imports", "/import"), MAX_IMPORT_BYTES + MAX_BODY_BYTES),
    "/api/v1/pictures": MAX_PICTURE_BYTES + MAX_BODY_BYTES,
}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SecurityHeaders:
    """Adds `HEADERS` to every response that passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Gate:
    """Refuses foreign `Host` headers and NUL in the address with 400, unsafe requests from other sites with 403.

    `allowed_hosts` are names or bracketed IPv6 addresses without a port; any port is accepted.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
        self.app = app
        self.allowed_hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host = headers.get("host", "")
            if _without_port(host) not in self.allowed_hosts:
                detail = "This Host is not served here; add it to TICKETSCOPE_ALLOWED_HOSTS if it should be."
                await problem(400, detail)(scope, receive, send)
                return
            if _has_nul(scope):
                detail = "The address holds a NUL character, which is part of no name and no text here."
                await problem(400, detail)(scope, receive, send)
                return
            if scope["method"] not in SAFE_METHODS and not _same_site(headers, host):
                detail = "Refused: another site asked for this. Use the pages of this server, or a script."
                await problem(403, detail)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()


def _has_nul(scope: Scope) -> bool:
    """Whether the path or the query holds the one character that PostgreSQL stores in no text."""
    query: bytes = scope["query_string"]
    return "\0" in scope["path"] or b"\0" in query or b"%00" in query


def _same_site(headers: Headers, host: str) -> bool:
    """Browsers say where a request comes from; what says nothing is no browser and holds no user's trust."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


class BodyLimit:
    """Refuses bodies over `max_bytes` with 413, whether announced or chunked.

    The body is read before the application runs, so that no route can begin to act on one that is too long. Bodies of
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
        path = own_path(scope)
        if path in self.streamed:
            await self._stream(length, self.streamed[path], scope, receive, send)
            return
        body = bytearray()
        more = not (length.isdecimal() and int(length) > self.max_bytes)
        too_long = not more
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            too_long = len(body) > self.max_bytes
            more = message.get("more_body", False) and not too_long
        if too_long:
            await problem(413, f"The body exceeds {self.max_bytes:,} bytes.")(scope, receive, send)
            return

        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, replay, send)

    async def _stream(self, length: str, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        if length.isdecimal() and int(length) > limit:
            await problem(413, f"The body exceeds {limit:,} bytes.")(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # Raised in the route that reads: the application answers it as any other refusal.
                raise HTTPException(413, f"The body exceeds {limit:,} bytes.")
            return message

        await self.app(scope, counted, send)
