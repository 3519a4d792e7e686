"""Reports: written, edited and deleted by their authors and admins, and restored."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.records.discussion import Report
from app.store import acting, audit, ids, labels
from app.store.connected import Connected
from app.store.errors import NotFound
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

    def edit_report(self, report_id: str, name: str, text: str) -> Report:
        """Write a report anew. Raises NotFound, NotTheirs, FieldError."""
        values = {"name": labels.check_name(name), "text": labels.check_text("text", text, LENGTH)}
        return self._change(report_id, "edit", edited_at=Now(), **values)

    def discard_report(self, report_id: str) -> Report:
        """Delete a report; it can be restored. Raises NotFound, NotTheirs."""
        return self._change(report_id, "delete", deleted_at=Now())

    def restore_report(self, report_id: str) -> Report:
        """Put a deleted report back. Raises NotFound, NotTheirs."""
        return self._change(report_id, "restore", deleted_at=None)

    def _change(self, report_id: str, action: str, **values: Any) -> Report:
        with self._db.write() as conn:
            acting.check(_row(conn, report_id).owner_id)
            conn.execute(update(reports).where(reports.c.id == report_id).values(**values))
            report = _record(_row(conn, report_id))
            audit.note(conn, action, "report", [report_id], report.name)
            return report


def _row(conn: Connection, report_id: str) -> AnyRow:
    row = conn.execute(select(reports, AUTHOR).where(reports.c.id == report_id)).first()
    if row is None:
        raise NotFound(f"there is no report {report_id}")
    return row


def _record(row: AnyRow) -> Report:
    return Report(
        id=row.id, author=row.author or "", name=row.name, text=row.text, created_at=moment(row.created_at),
        edited_at=moment(row.edited_at), deleted=row.deleted_at is not None,
    )  # fmt: skip
