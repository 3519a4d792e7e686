"""Comments on runs and sweeps: written, edited and deleted by their authors and admins, and restored."""

from sqlalchemy import insert, select

from app.records.discussion import Comment
from app.store import comments, ids, notices
from app.store.comment_tables import comments as rows
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound
from app.store.sql import Now
from app.store.tables import runs, sweeps

MOST = 1_000
"""Comments on one thing."""


class Commenting(Connected):
    """One transaction per method."""

    def add_comment(self, text: str, *, run_id: str = "", sweep_id: str = "") -> Comment:
        """Write a comment on a run or a sweep. Raises NotFound, FieldError, Conflict."""
        text = comments.checked(text)
        table, key = (runs, run_id) if run_id else (sweeps, sweep_id)
        what, column = ("run", rows.c.run_id) if run_id else ("sweep", rows.c.sweep_id)
        with self._db.write() as conn:
            if conn.scalar(select(table.c.id).where(table.c.id == key)) is None:
                raise NotFound(f"there is no {what} {key}")
            if len(conn.scalars(select(rows.c.id).where(column == key).limit(MOST)).all()) >= MOST:
                raise Conflict(f"there are {MOST:,} comments on this {what}, which is as many as there can be")
            comment_id = ids.run_id()
            values = {"id": comment_id, column.name: key, "text": text, "created_at": Now()}
            conn.execute(insert(rows).values(values))
            comment = comments.one(conn, comment_id)
            comments.note(conn, "comment", comment)
            notices.of_text(conn, what, key, text, "", comment=True)
            return comment

    def edit_comment(self, comment_id: str, text: str) -> Comment:
        """Write a comment anew. Raises NotFound, NotTheirs, FieldError."""
        text = comments.checked(text)
        with self._db.write() as conn:
            before = comments.changeable(conn, comment_id)
            if text == before.text:
                return comments.one(conn, comment_id)
            what, key = ("run", before.run_id) if before.run_id else ("sweep", before.sweep_id)
            notices.of_text(conn, what, key, text, before.text, comment=False)
            return comments.change(conn, comment_id, "edit a comment", text=text, edited_at=Now())

    def discard_comment(self, comment_id: str) -> Comment:
        """Delete a comment; it can be restored. Raises NotFound, NotTheirs."""
        with self._db.write() as conn:
            comments.changeable(conn, comment_id)
            return comments.change(conn, comment_id, "delete a comment", deleted_at=Now())

    def restore_comment(self, comment_id: str) -> Comment:
        """Put a deleted comment back. Raises NotFound, NotTheirs."""
        with self._db.write() as conn:
            if comments.changeable(conn, comment_id, deleted=True).deleted_at is None:
                return comments.one(conn, comment_id)
            return comments.change(conn, comment_id, "restore a comment", deleted_at=None)
