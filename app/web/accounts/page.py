"""Login, logout, and the page that an invitation leads to."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.people import Visitor
from app.store.errors import Conflict
from app.store.people import GONE
from app.web.accounts import cookie, passwords
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page
from app.web.core.who import VisitorDep
from app.web.core.words import duration

router = APIRouter(include_in_schema=False)

WRONG = "Name or password is wrong."
_INSIDE = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]{0,2000}")
NextQuery = Annotated[str, Query(alias="next", max_length=4_000)]
LinkQuery = Annotated[str, Query(alias="link", max_length=200)]


def inside(address: str) -> str:
    """Return an address that a login leads to: a path of this server, and the board for all else."""
    return address if _INSIDE.fullmatch(address) else "/"


def only_with_accounts(request: Request) -> None:
    """Raise HTTPException where accounts are off."""
    if not request.app.state.accounts.look():
        raise HTTPException(404, "There are no accounts here: `ticketscope accounts on` makes the first one.")


def logged_in(request: Request, visitor: Visitor | None) -> Visitor:
    """Return the caller. Raises HTTPException for who has passed no guard.

    The guard lets no others through, but a process may have learnt of accounts only after it.
    """
    only_with_accounts(request)
    if visitor is None:
        raise HTTPException(401, "Log in first.", {"WWW-Authenticate": "Bearer"})
    return visitor


@router.get("/login")
def login_page(request: Request, store: StoreDep, to: NextQuery = "/") -> Response:
    """Return the form of the login; who is logged in already goes on."""
    only_with_accounts(request)
    if store.visitor(cookie.session_of(request)):
        return RedirectResponse(inside(to), 303)
    return page(request, "accounts/login.html", to=inside(to), name="", error="")


@router.post("/login")
def login(request: Request, store: StoreDep, data: FormDep) -> Response:
    """Begin a session, in place of the one that the browser has sent."""
    only_with_accounts(request)
    name, to = data.get("name", ""), inside(data.get("next", "/"))
    address = _from(request)
    if wait_s := store.try_login(name, address):
        error = f"Too many logins: try again in {duration(wait_s)}."
        answer = page(request, "accounts/login.html", 429, to=to, name=name, error=error)
        answer.headers["Retry-After"] = f"{wait_s:.0f}"
        return answer
    known = store.password_of(name)
    if not passwords.fits(data.get("password", ""), known[1] if known else None) or known is None:
        return page(request, "accounts/login.html", 422, to=to, name=name, error=WRONG)
    session = store.log_in(known[0], name, address, cookie.session_of(request))
    done = RedirectResponse(to, 303)
    cookie.keep(request, done, session)
    return done


@router.post("/logout")
def logout(request: Request, store: StoreDep) -> RedirectResponse:
    """End the session."""
    only_with_accounts(request)
    store.log_out(cookie.session_of(request))
    return _to_login(request, "?out=1" if request.app.state.oidc.on else "")


@router.post("/logout/everywhere")
def logout_everywhere(request: Request, store: StoreDep, visitor: VisitorDep) -> RedirectResponse:
    """End all sessions of the person."""
    only_with_accounts(request)
    if visitor is not None:
        store.log_out_everywhere(visitor.id)
    return _to_login(request)


def _from(request: Request) -> str:
    return request.client.host if request.client else ""


def _to_login(request: Request, query: str = "") -> RedirectResponse:
    done = RedirectResponse(f"/login{query}", 303)
    cookie.drop(request, done)
    return done


@router.get("/join")
def join_page(request: Request, store: StoreDep, link: LinkQuery = "") -> HTMLResponse:
    """Return the form that makes an account, or sets a new password."""
    only_with_accounts(request)
    if store.invitation(link) is None:
        raise Conflict(GONE)
    return _join(request, store, link)


@router.post("/join")
def join(request: Request, store: StoreDep, data: FormDep) -> Response:
    """Make the account and begin its first session."""
    only_with_accounts(request)
    link, name = data.get("link", ""), data.get("name", "")
    invitation = store.invitation(link)
    if invitation is None:
        raise Conflict(GONE)
    try:
        password = passwords.checked(data, invitation.person or name)
        session = store.join(
            link, name, passwords.hashed(password), cookie.session_of(request), _from(request),
            end_tokens=data.get("tokens") == "end",
        )  # fmt: skip
    except FieldError as error:
        return _join(request, store, link, name, error)
    done = RedirectResponse("/", 303)
    cookie.keep(request, done, session)
    return done


def _join(
    request: Request, store: StoreDep, link: str, name: str = "", error: FieldError | None = None
) -> HTMLResponse:
    return page(
        request, "accounts/join.html", 422 if error else 200, link=link, name=name, error=error,
        invitation=store.invitation(link), least=passwords.LEAST,
    )  # fmt: skip
