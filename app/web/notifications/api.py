"""Notifications over the API: those of who asks, or of the installation where accounts are off."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.contract.strict import Strict
from app.records.notices import NoticePage
from app.store.notifying import NEWEST
from app.web.core.context import StoreDep
from app.web.core.parameters import Cursor, Empty

router = APIRouter(prefix="/notifications", tags=["notifications"])


class Seen(Strict):
    """The newest notification that a reader has seen."""

    model_config = ConfigDict(extra="forbid")

    up_to: Annotated[int, Field(ge=0, le=NEWEST, description="Its id; older ones count as read, too.")]


class Unread(BaseModel):
    """How many notifications are left unread, up to 100."""

    unread: int


@router.get("")
def list_notifications(
    store: StoreDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[Cursor | None, Empty, Query(description="`next` of the page before.")] = None,
    unread: Annotated[bool, Query(description="Only those that were not read.")] = False,
) -> NoticePage:
    """Return a page of what happened to your runs and sweeps, the newest first."""
    return store.notice_page(limit, cursor, unread=unread)


@router.post("/read")
def read_notifications(body: Seen, store: StoreDep) -> Unread:
    """Mark your notifications as read, up to the newest that you have seen."""
    store.read_notices(body.up_to)
    return Unread(unread=store.unread())
