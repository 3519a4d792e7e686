"""The log of this program on its error stream: one line per matter, and the same matter at most once a minute."""

import logging
import threading
import time

EVERY_S = 60.0
# More different matters than a program has; beyond it nothing is remembered.
_MOST = 1_000


class Repeats(logging.Filter):
    """Lets a record of one place and message through once a minute, and reports then how many were like it."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        now = time.monotonic()
        # The message before its arguments are put in: they hold the requested address, or a time.
        key = (record.pathname, record.lineno, f"{record.msg}"[:80])
        with self._lock:
            at, like_it = self._seen.get(key, (float("-inf"), 0))
            if now - at < self._every_s:
                self._seen[key] = at, like_it + 1
                return False
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen[key] = now, 0
        if like_it:
            record.msg, record.args = f"{record.getMessage()} (and {like_it:,} more like it before)", None
        return True


def set_up() -> None:
    """Write warnings and errors of every library to the error stream."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    handler.addFilter(Repeats())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
