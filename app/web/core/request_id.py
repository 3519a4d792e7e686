"""An id for each request, in its answer and in all that is logged of it."""

import logging
import secrets
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import logs
from app.web.core.metrics import METHODS, pattern

log = logging.getLogger(__name__)

HEADER: Final = "X-Request-ID"
# Asked every few seconds by what watches the server.
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics", "/static"})


class RequestId:
    """Takes the id that a proxy or a client gives a request, if it is a sane one, or draws one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = logs.sane_id(Headers(scope=scope).get(HEADER, "")) or secrets.token_hex(8)
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message.setdefault("headers", []))[HEADER] = request
            await send(message)

        with logs.bound(request=request):
            await self.app(scope, receive, send_with_id)
            # The pattern of the route, and never the address: it may hold the secret of a link.
            if (route := pattern(scope)) not in _QUIET:
                method = scope["method"] if scope["method"] in METHODS else "other"
                given = scope.get("path_params", {})
                named = {name[:-3]: logs.sane_id(given[name]) for name in ("run_id", "sweep_id") if name in given}
                seconds = round(time.perf_counter() - began, 4)
                log.info("%s %s: %s", method, route, status, extra=logs.about(**named, status=status, seconds=seconds))
