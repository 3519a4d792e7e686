"""Comments as rows: what may be one, who may change it."""

from typing import Any

from sqlalchemy import Connection, select, update

from app.contract.experiment import FieldError
from app.records.discussion import Comment
from app.store import acting, audit, labels
from app.store.comment_tables import comments
from app.store.errors import NotFound
from app.store.lookup import moment
from app.store.people_tables import users
from app.store.tables import AnyRow

AUTHOR = select(users.c.name).where(users.c.id == comments.c.owner_id).scalar_subquery().label("author")


def checked(text: str) -> str:
    """Return a comment without space around it. Raises FieldError for one that is empty, too long or not text."""
    if not text.strip():
        raise FieldError("text", "must not be empty")
    return labels.check_text("text", text.strip(), labels.NOTES_LENGTH)


def on(conn: Connection, *, run_id: str = "", sweep_id: str = "") -> list[Comment]:
    """Return the comments on a run or a sweep, the oldest first."""
    mine = comments.c.run_id == run_id if run_id else comments.c.sweep_id == sweep_id
    query = select(comments, AUTHOR).where(mine, comments.c.deleted_at.is_(None)).order_by(comments.c.id)
    return [_record(row) for row in conn.execute(query)]


def one(conn: Connection, comment_id: str) -> Comment:
    """Return a comment, deleted or not. Raises NotFound."""
    return _record(_row(conn, comment_id))


def changeable(conn: Connection, comment_id: str, *, deleted: bool = False) -> AnyRow:
    """Return the row of a comment that who acts may change. Raises NotFound, NotTheirs."""
    row = _row(conn, comment_id)
    if row.deleted_at is not None and not deleted:
        raise NotFound(f"there is no comment {comment_id}")
    acting.check(row.owner_id)
    return row


def change(conn: Connection, comment_id: str, action: str, **values: Any) -> Comment:
    """Change columns of a comment, and note what was done."""
    conn.execute(update(comments).where(comments.c.id == comment_id).values(**values))
    comment = one(conn, comment_id)
    note(conn, action, comment)
    return comment


def note(conn: Connection, action: str, comment: Comment) -> None:
    """Note in the audit log what was done to a comment."""
    audit.note(conn, action, "run" if comment.run else "sweep", [comment.run or comment.sweep or ""], comment.author)


def _row(conn: Connection, comment_id: str) -> AnyRow:
    row = conn.execute(select(comments, AUTHOR).where(comments.c.id == comment_id).with_for_update(of=comments)).first()
    if row is None:
        raise NotFound(f"there is no comment {comment_id}")
    return row


def _record(row: AnyRow) -> Comment:
    return Comment(
        id=row.id, run=row.run_id, sweep=row.sweep_id, author=row.author or "", text=row.text,
        created_at=moment(row.created_at), edited_at=moment(row.edited_at), deleted=row.deleted_at is not None,
    )  # fmt: skip
