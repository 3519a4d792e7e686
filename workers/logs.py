"""What a worker logs on its error stream: one line per matter, and nothing about Celery's own affairs."""

import logging
from typing import Any

from celery import signals

from app import logs
from app.settings import Settings
from app.store import Claim
from workers.job import Job


class OneLine(logs.Text):
    """A record as one line, however many Celery wrote; tracebacks keep theirs."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        record.message = " ".join(record.message.split())
        return super().formatMessage(record)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _set_up(loglevel: int, **_: Any) -> None:
    logs.set_up(Settings().log_format, OneLine("worker %(process)d: %(message)s"))
    logging.getLogger().setLevel(loglevel)
    # Celery advertises its future defaults at every reconnect.
    logging.getLogger("py.warnings").setLevel(logging.ERROR)


def in_child(job: Job) -> None:
    """Log as the worker does, with the ids of the shard, where that is as JSON."""
    if job.settings.log_format == "json":
        logs.set_up("json")
        logs.bind(**ids_of(job.claim, job.worker))


def ids_of(claim: Claim, worker: str) -> dict[str, object]:
    """Return what tells a shard and its worker apart from all others."""
    return {"run": claim.run_id, "shard": claim.shard_id, "replicate": claim.replicate, "worker": worker}
