"""What keeps a database from being read or written, with words on what to do."""

import errno
import sqlite3
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Condition(NamedTuple):
    """`detail` is one line for administrators; `passes`: it may be over soon, so that trying again helps."""

    kind: str
    detail: str
    passes: bool = False


DAMAGED = Condition(
    "damaged",
    "The database is damaged. Stop Ticketscope, keep a copy of the damaged file, and restore the database from a "
    "backup (or recover it with `sqlite3 FILE .recover`); artifacts are not affected",
)
FULL = Condition("full", "The disk of the database is full. Free some space; nothing was changed", passes=True)
READ_ONLY = Condition(
    "read-only", "The database cannot be written. Give this user write permission for the file and its folder"
)
CLOSED = Condition(
    "closed",
    "The database cannot be opened. Check that its folder exists and is writable, and how many files are open",
    passes=True,
)
BUSY = Condition(
    "busy", "Another process has locked the database. Nothing was changed; try again in a moment", passes=True
)
AWAY = Condition("away", "The database does not answer. Nothing was changed; try again in a moment", passes=True)
DISK = Condition(
    "disk",
    "The disk of the database is full or fails. Free space or check the disk; nothing was changed",
    passes=True,
)

_SQLITE = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: CLOSED,
    sqlite3.SQLITE_IOERR: DISK,
}
_SYSTEM = {
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), READ_ONLY),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), FULL),
}
# The first characters of PostgreSQL's codes.
_POSTGRESQL = {"XX0": DAMAGED, "531": FULL, "530": AWAY, "533": AWAY, "25006": READ_ONLY, "55P03": BUSY, "57P": AWAY}


def diagnose(error: BaseException) -> Condition | None:
    """Return what an error of the database means; None when it is no fault of the database's."""
    if isinstance(error, PoolTimeout):
        return BUSY
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        # The low byte is the kind, the rest is the detail.
        # A file that was taken away is an empty one, without tables.
        other = AWAY if isinstance(cause, sqlite3.OperationalError) else None
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, other)
    if isinstance(cause, OSError):
        return _SYSTEM.get(cause.errno or 0, CLOSED)
    if isinstance(error, DBAPIError):
        code = getattr(cause, "sqlstate", None) or ""
        known = (condition for start, condition in _POSTGRESQL.items() if code.startswith(start))
        # Without a code the server was never reached.
        return next(known, AWAY if error.connection_invalidated or not code or code.startswith("08") else None)
    return None


def newer(revision: str, own: str) -> Condition:
    """Return that the database was written by a later version."""
    return Condition(
        "newer",
        f"The database is at revision {revision}, this program knows up to {own}. Update Ticketscope, or restore the "
        "backup of before the update",
    )
