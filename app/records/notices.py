"""Notifications and where they are sent."""

from datetime import datetime
from typing import Literal, TypeAlias

from app.records.base import Record

ChannelKind: TypeAlias = Literal["webhook", "email"]


class Notice(Record):
    """Something that happened to a run or sweep; `kind` is finished, failed, diverged, mention, comment or test."""

    id: int
    at: datetime
    kind: str
    what: str
    key: str
    text: str
    read: bool


class NoticePage(Record):
    """A page of notifications; `next` is the cursor of older ones, or None at the end."""

    items: tuple[Notice, ...]
    next: str | None = None


class Channel(Record):
    """Where notifications go besides the page; `of_all`: of the installation. `error` is why the newest is not sent."""

    id: str
    kind: ChannelKind
    target: str
    of_all: bool
    error: str = ""


class Delivery(Record):
    """A notification that is to be sent now; its id stays the same in each try."""

    id: int
    kind: ChannelKind
    target: str
    text: str
    what: str
    key: str
    tries: int
