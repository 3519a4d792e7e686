"""Who acts: what is stored meanwhile is theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Column, ColumnElement, true

from app.store.errors import NotTheirs

_ACTING: ContextVar[str | None] = ContextVar("acting", default=None)
_BOUND: ContextVar[bool] = ContextVar("bound", default=False)


def acting() -> str | None:
    """Return the id of the person who acts, None for a worker, a command or an installation without accounts."""
    return _ACTING.get()


def may_change(owner_id: str | None) -> bool:
    """Return whether who acts may change what a person owns."""
    return not _BOUND.get() or (owner_id is not None and owner_id == _ACTING.get())


def check(owner_id: str | None) -> None:
    """Raise NotTheirs where who acts may not change what a person owns."""
    if not may_change(owner_id):
        raise NotTheirs("This is of another person: only its owner and admins may change it.")


def theirs(owner_id: Column[Any]) -> ColumnElement[bool]:
    """Return the condition of rows that who acts may change."""
    return owner_id == _ACTING.get() if _BOUND.get() else true()


@contextmanager
def as_person(user_id: str | None, *, only_own: bool = False) -> Iterator[None]:
    """Act as a person, in this task and in the threads that it waits for; `only_own`: others' things stay."""
    acting, bound = _ACTING.set(user_id), _BOUND.set(only_own)
    try:
        yield
    finally:
        _BOUND.reset(bound)
        _ACTING.reset(acting)
