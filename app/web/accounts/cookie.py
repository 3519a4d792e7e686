"""The cookie of a session: a random secret that means nothing and that no script can read."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from app.store import secret
from app.store.sessions import LASTS_S

NAME: Final = "ticketscope_session"


def session_of(request: Request) -> str:
    """Return the secret that a browser sends, empty for none."""
    return request.cookies.get(NAME, "")


def csrf_of(session: str) -> str:
    """Return the token that forms of a session carry: it follows from the session, and not the other way round."""
    return secret.derived(session, "forms") if session else ""


def keep(request: Request, answer: Response, session: str) -> None:
    """Have the browser send a session from now on; over https only, where the page came by it."""
    answer.set_cookie(
        NAME, session, max_age=int(LASTS_S), path=_path(request), httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip


def drop(request: Request, answer: Response) -> None:
    """Have the browser forget its session."""
    answer.delete_cookie(NAME, path=_path(request), httponly=True, samesite="lax")


def _path(request: Request) -> str:
    root: str = request.app.state.settings.root_path
    return f"{root}/"
