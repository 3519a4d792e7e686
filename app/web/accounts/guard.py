"""Every request passes here when accounts are on: who sends it, whether they may, and that a form is one of ours."""

import time
from urllib.parse import quote

from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.records.people import Visitor
from app.store import Store
from app.store.acting import Actor, as_person
from app.web.accounts import cookie
from app.web.accounts.rules import Match, match
from app.web.accounts.switch import Switch
from app.web.core import problems, tokens
from app.web.core.accept import best
from app.web.core.root_path import own_path
from app.web.core.security import SAFE_METHODS

CHECK_EVERY_S = 15.0
"""How long a stream may go on before its owner is checked again."""

_UNKNOWN = "Log in first, or send a token of yours as `Authorization: Bearer …`."
_FORM = "This form is not of your session, or its session is over. Load the page again and send it once more."


class _OverError(OSError):
    """Ends an answer whose reader may no longer read it."""


class Guard:
    """Lets a request through when the row of its route in `rules.NEEDS` admits who sends it.

    Without accounts everything passes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        route = match(scope["method"], own_path(scope)) if scope["type"] == "http" else None
        # What is open to all answers without the database, too.
        if route is not None and route.need == "anyone":
            await self.app(scope, receive, send)
            return
        if not await self._on(scope, receive, send):
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there are none, and none is open to all
            return
        request = Request(scope, receive)
        try:
            visitor = await run_in_threadpool(_visitor, request)
            csrf = cookie.csrf_of(cookie.session_of(request)) if visitor and visitor.scope is None else ""
            scope["state"] = {**scope.get("state", {}), "visitor": visitor, "csrf": csrf}
            refusal = await run_in_threadpool(_refusal, request, route, visitor)
        except (DBAPIError, PoolTimeout) as error:
            await (await problems.on_database(request, error))(scope, receive, send)
            return
        if refusal is None and csrf and scope["method"] not in SAFE_METHODS:
            try:
                checked = await tokens.carried(Headers(scope=scope), receive, csrf)
                refusal = None if checked else problems.answer(request, 403, _FORM)
                receive = checked or receive
            except HTTPException as error:  # outside of what turns it into an answer
                refusal = problems.answer(request, error.status_code, error.detail, headers=dict(error.headers or {}))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        with as_person(_actor(request, visitor)):
            await self._watched(request, receive, send)

    async def _on(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Return whether accounts are on; where they are not, the request has been answered."""
        switch: Switch = scope["app"].state.accounts
        if switch.on is None:
            try:
                await run_in_threadpool(switch.look)
            except (DBAPIError, PoolTimeout) as error:
                answer = await problems.on_database(Request(scope, receive), error)
                await answer(scope, receive, send)
                return False
        if not switch.on:
            await self.app(scope, receive, send)
        return bool(switch.on)

    async def _watched(self, request: Request, receive: Receive, send: Send) -> None:
        """Answer; a stream ends when the session or token that it was opened with is over."""
        checked, over = time.monotonic(), False

        async def watch(message: Message) -> None:
            nonlocal checked, over
            if message.get("more_body") and time.monotonic() - checked > CHECK_EVERY_S:
                checked = time.monotonic()
                if await run_in_threadpool(_visitor, request) is None:
                    over = True
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    raise _OverError
            await send(message)

        try:
            await self.app(request.scope, receive, watch)
        except Exception:
            if not over:
                raise


def _visitor(request: Request) -> Visitor | None:
    """Return who sends a request: by the token, where there is one, else by the session."""
    store: Store = request.app.state.store
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return store.visitor(token=token.strip())
    session = cookie.session_of(request)
    return store.visitor(session) if session else None


def _actor(request: Request, visitor: Visitor | None) -> Actor | None:
    if visitor is None:  # refused before
        return None
    address = request.client.host if request.client else ""
    by_token, only_own = visitor.scope is not None, not visitor.may("admin")
    return Actor(visitor.id, visitor.name, address, by_token=by_token, only_own=only_own)


def _refusal(request: Request, route: Match | None, visitor: Visitor | None) -> Response | None:
    """Return why a request is refused; None where it may pass."""
    if route is None:
        return problems.answer(request, 404, "Not Found")
    if visitor is None:
        return _log_in(request)
    why = _why_not(request, route, visitor)
    return problems.answer(request, 403, why) if why else None


def _why_not(request: Request, route: Match, visitor: Visitor) -> str:
    need = route.need
    if need in ("self", "people") and visitor.scope is not None:
        return "A token cannot do this: log in with a browser."
    role = {"self": "viewer", "people": "admin", "owner": "member"}.get(need, need)
    if visitor.scope == "read" and role != "viewer":
        return "This token only reads. Make one that writes on the page of your account."
    if role == "admin" and not visitor.may("admin"):
        return "Only an admin may do this."
    if role == "member" and not visitor.may("member"):
        return "Your account may look at everything and change nothing. Ask an admin for another role."
    if need == "owner" and not visitor.may("admin"):
        store: Store = request.app.state.store
        if store.owns(visitor.id, **route.parts) is False:
            return "This is of another person: only its owner and admins may change it."
    return ""


def _log_in(request: Request) -> Response:
    """Return the way of a reader of pages to the login and back; all others get 401."""
    pages = best(request.headers.get("accept", ""), (problems.MEDIA_TYPE, "text/html")) == "text/html"
    if pages and request.method in SAFE_METHODS and "x-live" not in request.headers:
        path = own_path(request.scope)
        if path.startswith("/api/"):
            path = "/"
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/login?next={quote(path + query, safe='')}", 303)
    return problems.answer(request, 401, _UNKNOWN, headers={"WWW-Authenticate": "Bearer"})
