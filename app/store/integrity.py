"""Looks for damaged pages of an SQLite file, seldom enough to cost nothing."""

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

# A look may take a twentieth of the time at most.
SHARE = 20
LEAST_PAUSE_S = 1.0
# How long a caller waits for a look; of a large file it hears next time.
WAIT_S = 0.5


class Integrity:
    """What the last check of the file found; PostgreSQL checks its own pages, so that `path` is None there."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._next = 0.0
        self._fault = ""

    def damage(self) -> str:
        """Return what is damaged, in the words of SQLite; empty when nothing is known to be."""
        if self._path is None:
            return ""
        with self._lock:
            idle = self._thread is None or not self._thread.is_alive()
            if idle and time.monotonic() >= self._next:
                self._thread = threading.Thread(target=self._look, args=(self._path,), name="integrity", daemon=True)
                self._thread.start()
            thread = self._thread
        if thread is not None:
            thread.join(WAIT_S)
        return self._fault

    def _look(self, path: Path) -> None:
        began = time.monotonic()
        # One that cannot be opened or is locked shows nothing of its pages: its readers get the error.
        with suppress(sqlite3.OperationalError):
            self._fault = check(path)
        self._next = time.monotonic() + max(LEAST_PAUSE_S, SHARE * (time.monotonic() - began))


def check(path: Path) -> str:
    """Return what is damaged in an SQLite file; empty when all is well. Raises sqlite3.OperationalError."""
    # A connection of its own reads the file itself, not pages that others remember.
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            return str(error)
    return "" if answer == "ok" else str(answer)
