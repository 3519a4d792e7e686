"""The page of people: admins invite them, change their roles, and deactivate accounts."""

from typing import Any, get_args

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.people import Person, Role
from app.store import Store
from app.web.accounts.page import logged_in
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import edge, page
from app.web.core.parameters import Short
from app.web.core.root_path import own_path
from app.web.core.who import VisitorDep
from app.web.core.words import ago


def known(request: Request, visitor: VisitorDep) -> None:
    """Raise HTTPException for who has passed no guard: this process did not know of accounts a moment ago."""
    logged_in(request, visitor)


router = APIRouter(include_in_schema=False, dependencies=[Depends(known)])
LIMIT = 100
"""People of a page."""
ROLES: tuple[Role, ...] = get_args(Role)


@router.get("/people")
def people_page(request: Request, store: StoreDep, q: Short = "", after: Short = "") -> HTMLResponse:
    """Return who has an account, a page at a time, and the form that invites another."""
    return _page(request, store, q=q, after=after)


@router.post("/people/invite")
def invite(request: Request, store: StoreDep, data: FormDep, visitor: VisitorDep) -> HTMLResponse:
    """Return the page with a new link, which is shown this once."""
    role = _role(data.get("role", ""))
    link = store.invite(role, visitor.id if visitor else None)
    return _page(request, store, link=_address(request, link), what=f"makes the account of a new {role}", invited=role)


@router.post("/people/{user_id}/link")
def new_link(request: Request, store: StoreDep, user_id: str, visitor: VisitorDep) -> HTMLResponse:
    """Return the page with a link that sets a new password."""
    person = store.person(user_id)
    link = store.invite_again(person.name, visitor.id if visitor else None)
    if link is None:
        return _page(request, store, 409, error=f"The account of {person.name} is deactivated.")
    return _page(request, store, link=_address(request, link), what=f"sets a new password for {person.name}")


@router.post("/people/{user_id}/role")
def change_role(store: StoreDep, data: FormDep, user_id: str) -> Response:
    """Give a person another role."""
    store.change_person(user_id, role=_role(data.get("role", "")))
    return RedirectResponse("/people", 303)


@router.post("/people/{user_id}/deactivate")
def deactivate(store: StoreDep, user_id: str) -> Response:
    """End an account's sessions and tokens, and refuse logins with it."""
    store.change_person(user_id, active=False)
    return RedirectResponse("/people", 303)


@router.post("/people/{user_id}/reactivate")
def reactivate(store: StoreDep, user_id: str) -> Response:
    """Let a person in again, with the password of before."""
    store.change_person(user_id, active=True)
    return RedirectResponse("/people", 303)


def _role(text: str) -> Role:
    for role in ROLES:
        if text == role:
            return role
    raise FieldError("role", f"must be one of {', '.join(ROLES)}")


def _address(request: Request, link: str) -> str:
    """Return the whole address of a link, as the admin's browser finds this server."""
    base = str(request.url).partition("?")[0].removesuffix(own_path(request.scope))
    return f"{base}/join?link={link}"


def _page(request: Request, store: Store, status: int = 200, q: str = "", after: str = "", **more: Any) -> HTMLResponse:
    people = store.people_page(q, after, LIMIT + 1)
    return page(
        request, "accounts/people.html", status, rows=[_row(person) for person in people[:LIMIT]], roles=ROLES, q=q,
        next=people[LIMIT - 1].name if len(people) > LIMIT else "", shell=edge(request, store), **more,
    )  # fmt: skip


def _row(person: Person) -> dict[str, Any]:
    return {**person.model_dump(), "since": ago(person.created_at), "active": person.deactivated_at is None}
