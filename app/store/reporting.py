"""Reports: written, edited and deleted by their authors and admins, and restored."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from app.contract.experiment import FieldError
from app.records.discussion import Report, ReportHead, ReportPage
from app.store import acting, audit, ids, labels
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound
from app.store.lookup import moment
from app.store.people_tables import users
from app.store.report_tables import reports
from app.store.sql import Now
from app.store.tables import AnyRow

LENGTH = 100_000
"""Characters of a report."""
AUTHOR = select(users.c.name).where(users.c.id == reports.c.owner_id).scalar_subquery().label("author")


class Reporting(Connected):
    """One transaction per method."""

    def reports(self, limit: int = 200) -> Sequence[Report]:
        """Return reports, those that were edited last first."""
        query = select(reports, AUTHOR).where(reports.c.deleted_at.is_(None))
        with self._db.read() as conn:
            rows = conn.execute(query.order_by(reports.c.edited_at.desc(), reports.c.id).limit(limit))
            return [_record(row) for row in rows]

    def report_page(self, limit: int, cursor: str | None = None) -> ReportPage:
        """Return a page of reports, those that were begun last first. Raises FieldError."""
        at, key = reports.c.created_at, reports.c.id
        query = select(reports, AUTHOR).where(reports.c.deleted_at.is_(None)).order_by(at.desc(), key.desc())
        with self._db.read() as conn:
            if cursor is not None:
                last = conn.scalar(select(at).where(key == cursor))
                if last is None:
                    raise FieldError("cursor", "is not a cursor of this list; start from the first page")
                query = query.where(or_(at < last, and_(at == last, key < cursor)))
            several = [_record(row) for row in conn.execute(query.limit(limit + 1))]
        items = tuple(ReportHead.model_validate(report.model_dump(exclude={"text"})) for report in several[:limit])
        return ReportPage(items=items, next=items[-1].id if len(several) > limit else None)

    def report(self, report_id: str) -> Report:
        """Return a report, deleted or not. Raises NotFound."""
        with self._db.read() as conn:
            return _record(_row(conn, report_id))

    def add_report(self, name: str, text: str) -> Report:
        """Store a report. Raises FieldError."""
        values = {"id": ids.run_id(), "name": labels.check_name(name), "text": labels.check_text("text", text, LENGTH)}
        with self._db.write() as conn:
            conn.execute(insert(reports).values(**values, created_at=Now(), edited_at=Now()))
            audit.note(conn, "write", "report", [values["id"]], values["name"])
            return _record(_row(conn, values["id"]))

    def edit_report(
        self, report_id: str, name: str | None = None, text: str | None = None, *, version: str | None = None
    ) -> Report:
        """Write a report anew, or what of it is given; if it is named, only this version.

        Raises NotFound, NotTheirs, FieldError, Conflict for another version.
        """
        values = {} if name is None else {"name": labels.check_name(name)}
        values |= {} if text is None else {"text": labels.check_text("text", text, LENGTH)}
        return self._change(report_id, "edit", version, edited_at=Now(), **values)

    def discard_report(self, report_id: str) -> Report:
        """Delete a report; it can be restored. Raises NotFound, NotTheirs."""
        return self._change(report_id, "delete", deleted_at=Now())

    def restore_report(self, report_id: str) -> Report:
        """Put a deleted report back. Raises NotFound, NotTheirs."""
        return self._change(report_id, "restore", deleted_at=None)

    def _change(self, report_id: str, action: str, version: str | None = None, **values: Any) -> Report:
        with self._db.write() as conn:
            before = _row(conn, report_id, lock=True)
            acting.check(before.owner_id)
            if version not in (None, _version(before)):
                raise Conflict("this report was changed after you read it: get it again, then change that version")
            conn.execute(update(reports).where(reports.c.id == report_id).values(**values))
            report = _record(_row(conn, report_id))
            audit.note(conn, action, "report", [report_id], report.name)
            return report


def _row(conn: Connection, report_id: str, *, lock: bool = False) -> AnyRow:
    query = select(reports, AUTHOR).where(reports.c.id == report_id)
    row = conn.execute(query.with_for_update(of=reports) if lock else query).first()
    if row is None:
        raise NotFound(f"there is no report {report_id}")
    return row


def _version(row: AnyRow) -> str:
    return hashlib.sha256(f"{row.name}\n{row.text}".encode()).hexdigest()[:16]


def _record(row: AnyRow) -> Report:
    return Report(
        id=row.id, author=row.author or "", name=row.name, text=row.text, created_at=moment(row.created_at),
        edited_at=moment(row.edited_at), deleted=row.deleted_at is not None, version=_version(row),
    )  # fmt: skip
