"""What a worker logs on its error stream: one line per matter, and nothing about Celery's own affairs."""

import logging
from typing import Any

from celery import signals

from app.logs import Repeats


class OneLine(logging.Formatter):
    """A record as one line, however many Celery wrote; tracebacks keep theirs."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        record.message = " ".join(record.message.split())
        return super().formatMessage(record)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _set_up(loglevel: int, **_: Any) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("worker %(process)d: %(message)s"))
    handler.addFilter(Repeats())
    logging.basicConfig(level=loglevel, handlers=[handler], force=True)
    # Celery advertises its future defaults at every reconnect.
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
