"""Who acts: what is stored meanwhile is theirs, and noted as done by them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, true

from app.store.errors import NotTheirs


class Actor(NamedTuple):
    """A person who sends a request, from an address; `only_own`: what others own stays as it is."""

    user_id: str
    name: str = ""
    address: str = ""
    by_token: bool = False
    only_own: bool = False


_ACTOR: ContextVar[Actor | None] = ContextVar("actor", default=None)


def actor() -> Actor | None:
    """Return who acts, None for a worker, a command or an installation without accounts."""
    return _ACTOR.get()


def acting() -> str | None:
    """Return the id of the person who acts."""
    now = _ACTOR.get()
    return None if now is None else now.user_id


def may_change(owner_id: str | None) -> bool:
    """Return whether who acts may change what a person owns."""
    now = _ACTOR.get()
    return now is None or not now.only_own or now.user_id == owner_id


def check(owner_id: str | None) -> None:
    """Raise NotTheirs where who acts may not change what a person owns."""
    if not may_change(owner_id):
        raise NotTheirs("This is of another person: only its owner and admins may change it.")


def theirs(owner_id: Column[Any]) -> ColumnElement[bool]:
    """Return the condition of rows that who acts may change."""
    now = _ACTOR.get()
    return owner_id == now.user_id if now is not None and now.only_own else true()


_PROJECT: ContextVar[str | None] = ContextVar("project", default=None)


def chosen_project() -> str | None:
    """Return the id of the project that new runs and sweeps belong to."""
    return _PROJECT.get()


@contextmanager
def in_project(project_id: str | None) -> Iterator[None]:
    """Let new runs and sweeps belong to a project, in this task."""
    before = _PROJECT.set(project_id)
    try:
        yield
    finally:
        _PROJECT.reset(before)


@contextmanager
def as_person(who: Actor | None) -> Iterator[None]:
    """Act as a person, in this task and in the threads that it waits for."""
    before = _ACTOR.set(who)
    try:
        yield
    finally:
        _ACTOR.reset(before)
