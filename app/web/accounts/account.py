"""The page of one's own account: password, sessions and tokens of the API."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.people import Scope, Visitor
from app.store import Store
from app.web.accounts import cookie, passwords
from app.web.accounts.page import logged_in
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import edge, page
from app.web.core.who import VisitorDep
from app.web.core.words import ago, duration
from app.web.published.links import links_shown

router = APIRouter(include_in_schema=False)
DAYS = (7, 30, 90, 365)
SCOPES: dict[str, Scope] = {"read": "read", "write": "write"}


@router.get("/account")
def account_page(request: Request, store: StoreDep, visitor: VisitorDep) -> HTMLResponse:
    """Return the account of the caller."""
    return _page(request, store, logged_in(request, visitor))


@router.post("/account/password")
def change_password(request: Request, store: StoreDep, data: FormDep, visitor: VisitorDep) -> Response:
    """Replace the password; all sessions end, and this browser gets a new one."""
    me = logged_in(request, visitor)
    try:
        _check_password(request, store, me, data.get("now", ""))
        new = passwords.checked(data, me.name)
    except FieldError as error:
        return _page(request, store, me, 422, error=error)
    end = data.get("tokens") == "end"
    done = RedirectResponse(f"/account?changed={'tokens' if end else '1'}", 303)
    cookie.keep(request, done, store.set_password(me.id, passwords.hashed(new), end_tokens=end))
    return done


@router.post("/account/tokens")
def new_token(request: Request, store: StoreDep, data: FormDep, visitor: VisitorDep) -> Response:
    """Return the page with a new token, which is shown this once."""
    me = logged_in(request, visitor)
    try:
        token = store.new_token(me.id, data.get("name", ""), _scope(data), _days(data))
    except FieldError as error:
        return _page(request, store, me, 422, error=error)
    return _page(request, store, me, token=token)


@router.post("/account/tokens/{token_id}/revoke")
def revoke(request: Request, store: StoreDep, token_id: str, visitor: VisitorDep) -> Response:
    """End a token."""
    store.revoke_token(logged_in(request, visitor).id, token_id)
    return RedirectResponse("/account#tokens", 303)


def _check_password(request: Request, store: Store, me: Visitor, password: str) -> None:
    """Raise FieldError for a wrong password, and for the next after many: who sits at this browser may be another."""
    if wait_s := store.try_login(me.name, request.client.host if request.client else ""):
        raise FieldError("now", f"was tried too often: try again in {duration(wait_s)}")
    known = store.password_of(me.name)
    if known is None or not passwords.fits(password, known[1]):
        raise FieldError("now", "is wrong")


def _scope(data: Mapping[str, str]) -> Scope:
    scope = SCOPES.get(data.get("scope", ""))
    if scope is None:
        raise FieldError("scope", "must be read or write")
    return scope


def _days(data: Mapping[str, str]) -> int:
    days = data.get("days", "")
    if not (days.isascii() and days.isdecimal()) or len(days) > 4:
        raise FieldError("days", "must be a number of days")
    return int(days)


def _page(request: Request, store: Store, me: Visitor, status: int = 200, **more: Any) -> HTMLResponse:
    tokens = [
        {**token.model_dump(), "made": ago(token.created_at), "until": f"{token.expires_at:%Y-%m-%d}"}
        for token in store.tokens_of(me.id)
    ]
    has_password, connected = store.ways_in(me.id)
    about: dict[str, Any] = {"error": None, "token": "", "changed": request.query_params.get("changed"), **more}
    return page(
        request, "accounts/account.html", status, tokens=tokens, days=DAYS, least=passwords.LEAST,
        links=links_shown(store, store.links_of(me.id)), has_password=has_password, connected=connected,
        shell=edge(request, store), **about,
    )  # fmt: skip
