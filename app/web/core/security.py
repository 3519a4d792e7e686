"""What every request and response must pass: trusted host, same site, strict headers.

Another site open in the same browser must not be able to act here, with accounts or without. Everything is plain ASGI
and touches only the messages it must: event streams pass through unbuffered.
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.core.headers import HEADERS
from app.web.core.problems import problem

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
                detail = "The address contains a NUL character, which no name or text may contain."
                await problem(400, detail)(scope, receive, send)
                return
            if scope["method"] not in SAFE_METHODS and not _same_site(headers, host):
                detail = "Refused: the request came from another site. Use the pages of this server, or a script."
                await problem(403, detail)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()


def _has_nul(scope: Scope) -> bool:
    """Return whether the path or the query holds the one character that PostgreSQL stores in no text."""
    query: bytes = scope["query_string"]
    return "\0" in scope["path"] or b"\0" in query or b"%00" in query


def _same_site(headers: Headers, host: str) -> bool:
    """Return whether a browser sent it from here; a request without that header is no browser's."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # no browser sends such a thing
        return False
