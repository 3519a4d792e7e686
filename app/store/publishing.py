"""Links by which people without an account read one thing: created, found by their secret, listed and revoked."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, func, insert, or_, select, true, update

from app.contract.experiment import FieldError
from app.records.published import Published, PublishedLink
from app.store import audit, ids, secret
from app.store.acting import acting, check, may_change
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound
from app.store.lookup import moment
from app.store.people_tables import users
from app.store.published_tables import published, published_runs
from app.store.sql import Now
from app.store.tables import AnyRow, runs

USED_EVERY_S = 600.0
"""How often the use of a link is noted: not each request is a write."""
LONGEST_DAYS = 366
MOST = 100
"""Links of a person that can be used."""
QUERY = 4_000
"""Characters of a view."""
_OPEN = published.c.revoked_at.is_(None)
_OVER = func.coalesce(published.c.expires_at <= Now(), false())


class Publishing(Connected):
    """One transaction per method."""

    def publish(
        self, what: Published, run_ids: Sequence[str], *, key: str = "", query: str = "", days: int | None = None
    ) -> str:
        """Return the secret of a new link to runs of who acts; `days` is how long it works, None for until revoked.

        Raises NotFound for an unknown run, NotTheirs for one of another, FieldError, Conflict for too many links.
        """
        publisher = acting()
        if publisher is None:
            raise Conflict("Only people who have an account publish: switch accounts on first.")
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise FieldError("days", f"must be from 1 to {LONGEST_DAYS}, or empty")
        if len(query) > QUERY or not query.isprintable():
            raise FieldError("query", f"must be a view in at most {QUERY:,} characters")
        with self._db.write() as conn:
            _check_runs(conn, run_ids)
            mine = published.c.user_id == publisher, _OPEN, ~_OVER
            if (conn.scalar(select(func.count()).select_from(published).where(*mine)) or 0) >= MOST:
                raise Conflict(f"there are {MOST} links of yours: revoke one first")
            new, link_id = secret.new(), ids.run_id()
            expires_at = None if days is None else Now() + days * 86_400.0
            conn.execute(
                insert(published).values(
                    id=link_id, secret=secret.hashed(new), what=what, key=key, query=query, user_id=publisher,
                    created_at=Now(), expires_at=expires_at,
                )
            )  # fmt: skip
            rows = [{"published_id": link_id, "place": place, "run_id": run} for place, run in enumerate(run_ids)]
            if rows:
                conn.execute(insert(published_runs), rows)
            until = "until revoked" if days is None else f"for {days} days"
            audit.note(conn, "publish", "run" if run_ids else "link", run_ids or [link_id], f"{what}, {until}")
            return new

    def published(self, link: str) -> PublishedLink | None:
        """Return what a link shows; None where it cannot be used or shows nothing any more."""
        with self._db.read() as conn:
            row = conn.execute(_links(published.c.secret == secret.hashed(link), *_usable())).first()
            shown = _records(conn, [row])[0] if row is not None else None
        if shown is None or not (shown.runs or shown.key):
            return None
        if row is not None and row.note:
            with self._db.write(hasty=True) as conn:
                conn.execute(update(published).where(published.c.id == shown.id).values(used_at=Now()))
        return shown

    def links_to(self, run_ids: Sequence[str], key: str = "") -> Sequence[PublishedLink]:
        """Return the links that show one of these runs, or a report, the newest first. Raises NotFound, NotTheirs."""
        with self._db.read() as conn:
            _check_runs(conn, run_ids)
            shown = select(published_runs.c.published_id).where(published_runs.c.run_id.in_(run_ids))
            which = or_(published.c.id.in_(shown), published.c.key == key if key else false())
            return _records(conn, conn.execute(_links(which, _OPEN)).all())

    def links_of(self, user_id: str) -> Sequence[PublishedLink]:
        """Return the links that a person has published, the newest first, without those that were revoked."""
        with self._db.read() as conn:
            return _records(conn, conn.execute(_links(published.c.user_id == user_id, _OPEN)).all())

    def revoke_link(self, link_id: str) -> None:
        """End a link of who acts or to a run of theirs; an admin ends any. Raises NotFound."""
        with self._db.write() as conn:
            row = conn.execute(_links(published.c.id == link_id, _OPEN)).first()
            shown = [] if row is None else _runs_of(conn, [link_id]).get(link_id, [])
            if row is None or not (may_change(row.user_id) or any(may_change(owner) for _, owner, _ in shown)):
                raise NotFound("there is no such link of yours")
            conn.execute(update(published).where(published.c.id == link_id).values(revoked_at=Now()))
            keys = [run for run, _, _ in shown]
            audit.note(conn, "revoke the link to", "run" if keys else "link", keys or [link_id], row.what)


def _usable() -> tuple[ColumnElement[bool], ...]:
    # Who may publish no more, or has no account any more, has published nothing.
    return _OPEN, ~_OVER, users.c.deactivated_at.is_(None), users.c.role != "viewer"


def _links(*which: ColumnElement[bool]) -> Select[Any]:
    note = func.coalesce(published.c.used_at < Now() - USED_EVERY_S, true()).label("note")
    return (
        select(published, users.c.name, _OVER.label("over"), note)
        .join(users, users.c.id == published.c.user_id)
        .where(*which)
        .order_by(published.c.created_at.desc(), published.c.id)
    )


def _runs_of(conn: Connection, link_ids: Sequence[str]) -> dict[str, list[tuple[str, str | None, bool]]]:
    """Return the runs of each link in their order: id, owner and whether it is in the bin."""
    by_link: dict[str, list[tuple[str, str | None, bool]]] = {}
    for row in conn.execute(
        select(published_runs.c.published_id, runs.c.id, runs.c.owner_id, runs.c.deleted_at)
        .join(runs, runs.c.id == published_runs.c.run_id)
        .where(published_runs.c.published_id.in_(link_ids))
        .order_by(published_runs.c.place)
    ):
        by_link.setdefault(row.published_id, []).append((row.id, row.owner_id, row.deleted_at is not None))
    return by_link


def _records(conn: Connection, rows: Sequence[AnyRow]) -> list[PublishedLink]:
    shown = _runs_of(conn, [row.id for row in rows])
    return [
        PublishedLink(
            id=row.id, what=row.what, key=row.key, query=row.query, publisher=row.name, over=bool(row.over),
            runs=tuple(run for run, _, binned in shown.get(row.id, []) if not binned),
            created_at=moment(row.created_at), expires_at=moment(row.expires_at), used_at=moment(row.used_at),
        )
        for row in rows
    ]  # fmt: skip


def _check_runs(conn: Connection, run_ids: Sequence[str]) -> None:
    rows = conn.execute(select(runs.c.id, runs.c.owner_id).where(runs.c.id.in_(run_ids)))
    owners = {row.id: row.owner_id for row in rows}
    for run_id in run_ids:
        if run_id not in owners:
            raise NotFound(f"there is no run {run_id}")
        check(owners[run_id])
