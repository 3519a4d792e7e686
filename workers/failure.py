"""What a run's log records of an error, and whether another attempt would meet it again."""

import errno
import sqlite3

import torch

from app.store.errors import Corrupt
from workers.checkpoints import LostCheckpointsError
from workers.tickets import TicketGoneError


def final(error: Exception) -> bool:
    """Return whether trying again is of no use until the cause is removed."""
    return isinstance(error, LostCheckpointsError | TicketGoneError | Corrupt) or _disk_is_full(error)


def reason(error: Exception) -> str:
    """Return one line for the log; the traceback has the rest."""
    if _disk_is_full(error):
        return f"the disk is full: {error}. Make room, then resume the run."
    if isinstance(error, Corrupt):
        return f"a stored file is damaged: {error}. Bring it back from a backup, then resume the run."
    if isinstance(error, torch.OutOfMemoryError):
        return f"one replicate does not fit into the memory that is free: {error}"
    return f"{type(error).__name__}: {error}"


def _disk_is_full(error: BaseException) -> bool:
    causes: list[BaseException | None] = [error, error.__cause__, error.__context__]
    return any(
        (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT))
        # SQLAlchemy's error has the driver's as its cause; errors of the driver itself carry no code.
        or (isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL)
        for cause in causes
    )
