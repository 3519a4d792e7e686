"""What this program says on its error stream: text for people, or a JSON object a line for programs (`LOG_FORMAT`).

As text it is what went wrong, the same matter at most once a minute. As JSON it is also what was done. Ids of request,
run, shard and worker let one search follow a run from the click to its result.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

LogFormat: TypeAlias = Literal["text", "json"]

EVERY_S = 60.0
# More different matters than a program has; beyond it nothing is remembered.
_MOST = 1_000
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What may be an id in a log: it may come from a header or a message that anybody has sent."""
# Links of invitations and of published pages, tokens, cookies, and passwords of addresses.
_SECRET = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+|\b(?:link|token|code|state|password|secret|cookie|session)[\"']?\s*[=:]\s*[\"']?"
    r"|/published/|://[^/\s:@]*:)[^\s&\"'@/,;]+"
)
_IDS: ContextVar[Mapping[str, str]] = ContextVar("ids", default={})  # noqa: B039 (never changed in place)


class Repeats(logging.Filter):
    """Lets a warning of one place and message through once a minute, and says then how many were like it."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        if record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        # The message before its arguments are put in: they hold the address that was asked for, or a time.
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


class Text(logging.Formatter):
    """Lines for people, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        return without_secrets(super().format(record))


class Json(logging.Formatter):
    """One JSON object a line: time, level, place, message, and the ids that are known."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": without_secrets(" ".join(record.getMessage().split())),
            **_IDS.get(),
            **getattr(record, "ids", {}),
        }
        if record.exc_info:
            line["exception"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def set_up(log_format: LogFormat = "text", text: logging.Formatter | None = None) -> None:
    """Write warnings and errors of every library to the error stream; as JSON also what this program does."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if log_format == "json" else text or Text("%(name)s: %(message)s"))
    handler.addFilter(Repeats())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    if log_format == "json":
        for name in ("app", "workers"):
            logging.getLogger(name).setLevel(logging.INFO)


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Add ids to all that is logged meanwhile, in this task or thread."""
    before = _IDS.set({**_IDS.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _IDS.reset(before)


def bind(**ids: object) -> None:
    """Add ids to all that is logged from now on, in this task or thread."""
    _IDS.set({**_IDS.get(), **{name: str(value) for name, value in ids.items()}})


def about(**ids: object) -> dict[str, dict[str, Any]]:
    """Return what to give a record as `extra`, to add ids and numbers to it alone."""
    return {"ids": ids}


def sane_id(text: object) -> str:
    """Return an id that somebody has sent, empty where it may not stand in a log."""
    return text if isinstance(text, str) and SANE_ID.fullmatch(text) else ""


def without_secrets(text: str) -> str:
    """Return a text with stars in the place of what opens a door."""
    return _SECRET.sub(r"\1***", text)
