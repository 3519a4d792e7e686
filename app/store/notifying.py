"""Notifications, for those who read them, who choose where else they go, and for the thread that sends them."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import delete, func, insert, select, update

from app.contract.experiment import FieldError
from app.records.notices import Channel, Delivery, Notice, NoticePage
from app.store import audit, ids
from app.store import notices as rows
from app.store.acting import acting, may_change
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound, NotTheirs
from app.store.lookup import moment
from app.store.notice_tables import channels, deliveries, notices
from app.store.sql import Now
from app.store.tables import AnyRow

MOST = 10
"""Channels of a person, or of the installation."""
NEWEST = 2**31 - 1
"""The largest id that a notification can have."""
TRIES = 6
FIRST_PAUSE_S = 30.0
"""Longer than a try may take; each later pause is four times as long, so that the last try is after three hours."""
AT_ONCE = 20
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)


class Notifying(Connected):
    """One transaction per method; `me` is who acts, and the installation where nobody does."""

    def notices(self, limit: int = 100) -> Sequence[Notice]:
        """Return what happened to who acts, the newest first."""
        with self._db.read() as conn:
            query = select(notices).where(rows.mine()).order_by(notices.c.id.desc()).limit(limit)
            return [_notice(row) for row in conn.execute(query)]

    def notice_page(self, limit: int, cursor: str | None = None, *, unread: bool = False) -> NoticePage:
        """Return a page of what happened to who acts, the newest first, without tests. Raises FieldError."""
        which = [rows.mine(), notices.c.kind != "test", *([notices.c.read_at.is_(None)] if unread else [])]
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 10 and int(cursor) <= NEWEST):
                raise FieldError("cursor", "is not a cursor of this list; start from the first page")
            which.append(notices.c.id < int(cursor))
        with self._db.read() as conn:
            several = conn.execute(select(notices).where(*which).order_by(notices.c.id.desc()).limit(limit + 1)).all()
        items = tuple(map(_notice, several[:limit]))
        return NoticePage(items=items, next=str(items[-1].id) if len(several) > limit else None)

    def read_notices(self, up_to: int) -> None:
        """Mark what happened to who acts as read, up to the newest that they have seen."""
        with self._db.write(hasty=True) as conn:
            unread = rows.mine(), notices.c.id <= up_to, notices.c.read_at.is_(None)
            conn.execute(update(notices).where(*unread).values(read_at=Now()))

    def channels(self) -> Sequence[Channel]:
        """Return where notifications of who acts go, and those of the installation for who may change them."""
        newest = (
            select(deliveries.c.error).where(deliveries.c.channel_id == channels.c.id)
            .order_by(deliveries.c.id.desc()).limit(1).scalar_subquery().label("error")
        )  # fmt: skip
        with self._db.read() as conn:
            all_ = conn.execute(select(channels, newest).order_by(channels.c.id)).all()
        return [
            Channel(id=row.id, kind=row.kind, target=row.target, of_all=row.user_id is None, error=row.error or "")
            for row in all_
            if (may_change(None) if row.user_id is None else row.user_id == acting())
        ]

    def add_channel(self, kind: str, target: str, *, of_all: bool = False) -> str:
        """Send notifications elsewhere, too. Raises FieldError, Conflict, NotTheirs."""
        whose, target = None if of_all else acting(), checked(kind, target)
        if whose is None and not may_change(None):
            raise NotTheirs("Only an admin chooses where notifications of the installation go.")
        with self._db.write() as conn:
            mine = channels.c.user_id.is_(None) if whose is None else channels.c.user_id == whose
            if (conn.scalar(select(func.count()).select_from(channels).where(mine)) or 0) >= MOST:
                raise Conflict(f"there are {MOST} already: remove one first")
            channel_id = ids.run_id()
            values = {"id": channel_id, "user_id": whose, "kind": kind, "target": target, "created_at": Now()}
            conn.execute(insert(channels).values(values))
            audit.note(conn, f"add {kind}", "person", [whose or ""], "of the installation" if whose is None else "")
            return channel_id

    def remove_channel(self, channel_id: str) -> None:
        """Send no more there; what waits is not sent. Raises NotFound."""
        self._own(channel_id)
        with self._db.write() as conn:
            conn.execute(delete(channels).where(channels.c.id == channel_id))
            audit.note(conn, "remove channel", "person", [acting() or ""])

    def test_channel(self, channel_id: str) -> None:
        """Send a notification to one place, to see whether it arrives. Raises NotFound."""
        self._own(channel_id)
        with self._db.write() as conn:
            values = {"user_id": acting(), "kind": "test", "what": "", "key": "", "at": Now(), "read_at": Now()}
            values["text"] = "A test of notifications from Ticketscope."
            notice_id = conn.execute(insert(notices).values(values).returning(notices.c.id)).scalar_one()
            rows.send(conn, notice_id, [channel_id])

    def _own(self, channel_id: str) -> None:
        if channel_id not in {channel.id for channel in self.channels()}:
            raise NotFound(f"there is no such place {channel_id}")

    def due_deliveries(self) -> Sequence[Delivery]:
        """Return what is to be sent now, each of it to one caller; the next try is due if nothing is noted."""
        due = deliveries.c.due_at <= Now()
        with self._db.read() as conn:
            if conn.scalar(select(deliveries.c.id).where(due).limit(1)) is None:
                return []
        with self._db.write() as conn:
            some = select(deliveries.c.id, deliveries.c.tries).where(due).order_by(deliveries.c.due_at).limit(AT_ONCE)
            taken = conn.execute(some.with_for_update(skip_locked=True)).all()
            for row in taken:
                again = {"tries": row.tries + 1, "due_at": Now() + FIRST_PAUSE_S * 4**row.tries}
                conn.execute(update(deliveries).where(deliveries.c.id == row.id).values(again))
            query = (
                select(
                    deliveries.c.id,
                    deliveries.c.tries,
                    channels.c.kind,
                    channels.c.target,
                    notices.c.text,
                    notices.c.what,
                    notices.c.key,
                )
                .join(channels, channels.c.id == deliveries.c.channel_id)
                .join(notices, notices.c.id == deliveries.c.notice_id)
                .where(deliveries.c.id.in_([row.id for row in taken]))
                .order_by(deliveries.c.id)
            )
            return [Delivery(**row._mapping) for row in conn.execute(query)]

    def note_delivery(self, delivery: Delivery, error: str = "", *, final: bool = False) -> None:
        """Note that a delivery is sent, or why not; after the last try, or a `final` error, there is no other."""
        over = not error or final or delivery.tries >= TRIES
        values = {"error": error[:500] or None} | ({"due_at": None} if over else {})
        with self._db.write() as conn:
            one = deliveries.c.id == delivery.id
            conn.execute(update(deliveries).where(one).values(values if error else {**values, "sent_at": Now()}))


def checked(kind: str, target: str) -> str:
    """Return where to send notifications. Raises FieldError for what is no address of that kind."""
    target = target.strip()
    if len(target) > 500 or not (target.isascii() and target.isprintable()) or " " in target:
        raise FieldError("target", "must be one address of at most 500 ASCII characters")
    if kind == "email" and not _EMAIL.fullmatch(target):
        raise FieldError("target", "must be an e-mail address, such as ada@example.org")
    if kind == "webhook":
        try:
            parts = urlsplit(target)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or parts.username is not None:
            raise FieldError(
                "target", "must be an address that begins with https:// or http://, without a name before @"
            )
    if kind not in ("email", "webhook"):
        raise FieldError("kind", "must be webhook or email")
    return target


def _notice(row: AnyRow) -> Notice:
    return Notice(
        id=row.id, at=moment(row.at), kind=row.kind, what=row.what, key=row.key, text=row.text,
        read=row.read_at is not None,
    )  # fmt: skip
