"""As many connections as there are descriptors for: one too many is answered and closed, so that none runs out."""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES = 128 * 1024
"""Bytes of the first line and the headers of a request: an address that is too long is still refused by its field."""
MOST = 2_000
LEAST = 16
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s"
)
_DOCUMENT = (
    b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, '
    b'"detail": "This server has as many connections as it can hold. Close some windows, or try again in a moment."}'
)

_UNREADABLE = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s"
)
_WHY = (
    b'{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "This is no request that can be read: '
    b'its address and headers may have %d kB together, in the form of HTTP/1.1.", "errors": []}'
) % (HEAD_BYTES // 1024)


def bound() -> int:
    """Return how many connections may be open: half of the descriptors of this process, after a request for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST if hard == resource.RLIM_INFINITY else min(2 * MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    # The other half is for the database, files and workers' news.
    return MOST if soft == resource.RLIM_INFINITY else max(LEAST, min(MOST, soft // 2))


def at_once(most: int) -> int:
    """Return how many new connections are taken in one go: those refused have descriptors too until they are closed."""
    return min(512, max(4, most // 8))


def bounded(most: int) -> type[H11Protocol]:
    """Return the server's protocol, for at most so many connections at once."""

    class Bounded(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > most:
                self.connections.discard(self)
                assert isinstance(transport, asyncio.Transport)  # noqa: S101 (narrowing)
                transport.write(_REFUSAL % (len(_DOCUMENT), _DOCUMENT))
                transport.close()

        def send_400_response(self, _msg: str) -> None:
            self.transport.write(_UNREADABLE % (len(_WHY), _WHY))
            self.transport.close()

    return Bounded
