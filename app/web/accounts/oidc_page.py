"""Logging in by the login of the lab: the way there, the way back, and connecting an account with it."""

import hmac
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, cast

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.settings import Settings
from app.store import secret
from app.store.errors import Conflict
from app.web.accounts import cookie
from app.web.accounts.oidc import AwayError, Flow, Provider, RefusedError
from app.web.accounts.page import LinkQuery, NextQuery, inside, logged_in, only_with_accounts
from app.web.accounts.people import known
from app.web.core.context import SettingsDep, StoreDep
from app.web.core.page import page
from app.web.core.root_path import own_path
from app.web.core.who import VisitorDep
from app.web.core.words import duration

router = APIRouter(include_in_schema=False)
COOKIE: Final = "ticketscope_login"
LASTS_S: Final = 600
"""How long somebody may take at the other side."""
AWAY: Final = "The login of the lab does not answer. Try again in a minute, or log in here with a password."
REFUSED: Final = "The login of the lab was not completed. Try it once more."
Purpose: TypeAlias = Literal["login", "connect"]
log = logging.getLogger(__name__)


class Began(NamedTuple):
    """What the browser that began a login keeps in a cookie: a secret, what for, and where it leads."""

    secret: str
    purpose: Purpose
    to: str = "/"
    link: str = ""

    def flow(self, session: str) -> Flow:
        """Return the secrets of the login; connecting is bound to the session that began it."""
        whose = cookie.csrf_of(session) if self.purpose == "connect" else ""
        state, nonce, verifier = (
            secret.derived(self.secret, f"{what} {self.purpose} {whose}") for what in ("state", "nonce", "verifier")
        )
        return Flow(state, nonce, verifier)

    def packed(self) -> str:
        """Return it as the value of a cookie."""
        words = (self.secret, self.purpose, self.to, self.link)
        return ".".join(urlsafe_b64encode(word.encode()).decode().rstrip("=") for word in words)


def _unpacked(value: str) -> Began | None:
    try:
        words = [urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode() for word in value.split(".")]
        whole = len(words) == 4 and words[1] in ("login", "connect") and len(words[0]) >= 40
    except ValueError:
        return None
    return Began(words[0], cast(Purpose, words[1]), inside(words[2]), words[3]) if whole else None


def provider(request: Request) -> Provider:
    """Return the login of the lab. Raises HTTPException where there is none, or no accounts."""
    only_with_accounts(request)
    lab = cast(Provider, request.app.state.oidc)
    if not lab.on:
        raise HTTPException(404, "There is no login of the lab here: TICKETSCOPE_OIDC_ISSUER names it.")
    return lab


ProviderDep = Annotated[Provider, Depends(provider)]
TextQuery = Annotated[str, Query(max_length=4_000)]


@router.get("/login/oidc")
def begin(
    request: Request, lab: ProviderDep, settings: SettingsDep, to: NextQuery = "/", link: LinkQuery = ""
) -> Response:
    """Send a browser to the login of the lab, with an invitation that it has opened here."""
    began = Began(secret.new(), "login", inside(to), link)
    try:
        answer = RedirectResponse(lab.address(began.flow(""), _back(request)), 303)
    except AwayError as error:
        return _failed(request, 503, AWAY, error)
    _keep(request, settings, answer, began)
    return answer


@router.get("/login/oidc/done")
def done(
    request: Request,
    lab: ProviderDep,
    store: StoreDep,
    settings: SettingsDep,
    state: TextQuery = "",
    code: TextQuery = "",
) -> Response:
    """Begin the session of who comes back from there, or connect that login with the account of who is logged in."""
    began = _unpacked(request.cookies.get(COOKIE, ""))
    session = cookie.session_of(request)
    if began is None or not hmac.compare_digest(began.flow(session).state.encode(), state.encode()):
        return _failed(request, 422, REFUSED, RefusedError("the state is not of this browser"))
    if not code:
        return _failed(request, 422, REFUSED, RefusedError("it brought no code"))
    address = request.client.host if request.client else ""
    # Each asks the other side for something: nobody may have that done without an end.
    counted = f"{COOKIE} {address}"
    if wait_s := store.try_login(counted, address):
        return _failed(request, 429, f"Too many logins: try again in {duration(wait_s)}.", None)
    try:
        who = lab.identity(began.flow(session), code, _back(request))
        if began.purpose == "connect":
            visitor = store.visitor(session)
            if visitor is None:
                return _failed(request, 422, REFUSED, RefusedError("the session is over"))
            store.connect(visitor.id, who)
            answer = RedirectResponse("/account?changed=connected", 303)
        else:
            new = settings.oidc_new or None
            session = store.come_in(who, new=new, link=began.link, session=session, address=address)
            answer = RedirectResponse(began.to, 303)
            cookie.keep(request, answer, session)
    except AwayError as error:
        return _failed(request, 503, AWAY, error)
    except RefusedError as error:
        return _failed(request, 422, REFUSED, error)
    except Conflict as error:
        return _failed(request, 409, str(error), None)
    store.logins_succeeded(counted, address)
    _drop(request, settings, answer)
    return answer


@router.get("/login/oidc/out")
def out(request: Request, lab: ProviderDep) -> RedirectResponse:
    """Send a browser to where it logs out of the login of the lab, too."""
    try:
        end = lab.address_of_end(f"{_base(request)}/login")
    except AwayError as error:
        log.warning("the login of the lab: %s", error)
        end = None
    return RedirectResponse(end or "/login", 303)


@router.post("/account/oidc", dependencies=[Depends(known)])
def connect(request: Request, lab: ProviderDep, settings: SettingsDep, visitor: VisitorDep) -> Response:
    """Return a page that leads to the login of the lab, from where it comes back connected with this account.

    A form may not lead to another site by itself: the policy of these pages forbids it.
    """
    logged_in(request, visitor)
    began = Began(secret.new(), "connect")
    try:
        address = lab.address(began.flow(cookie.session_of(request)), _back(request))
    except AwayError as error:
        log.warning("the login of the lab: %s", error)
        raise Conflict(AWAY) from error
    answer = page(request, "accounts/connect.html", address=address, lab=lab.name)
    answer.headers["Refresh"] = f"0; url={address}"
    _keep(request, settings, answer, began)
    return answer


@router.post("/account/oidc/remove")
def disconnect(request: Request, store: StoreDep, visitor: VisitorDep) -> RedirectResponse:
    """Delete the connection with the login of the lab."""
    store.disconnect(logged_in(request, visitor).id)
    return RedirectResponse("/account", 303)


def _failed(request: Request, status: int, words: str, why: Exception | None) -> HTMLResponse:
    """Return the page of the login with what went wrong; passwords work there."""
    if why is not None:
        log.warning("the login of the lab: %s", why)
    return page(request, "accounts/login.html", status, to="/", name="", error=words)


def _base(request: Request) -> str:
    return str(request.url).partition("?")[0].removesuffix(own_path(request.scope))


def _back(request: Request) -> str:
    return f"{_base(request)}/login/oidc/done"


def _keep(request: Request, settings: Settings, answer: Response, began: Began) -> None:
    answer.set_cookie(
        COOKIE, began.packed(), max_age=LASTS_S, path=f"{settings.root_path}/login/oidc", httponly=True,
        samesite="lax", secure=request.url.scheme == "https",
    )  # fmt: skip


def _drop(request: Request, settings: Settings, answer: Response) -> None:
    secure = request.url.scheme == "https"
    answer.delete_cookie(COOKIE, path=f"{settings.root_path}/login/oidc", httponly=True, samesite="lax", secure=secure)
