"""The one Celery task: `run_next(queue)` means "there is work on this queue; read the store"."""

from typing import Any

from celery import signals

from app.settings import Settings
from app.store import StoreError
from app.wire import RUN_NEXT
from workers.celery_app import app
from workers.worker import Worker

_workers: dict[str, Worker] = {}


@app.task(name=RUN_NEXT, ignore_result=True)  # type: ignore[untyped-decorator]
def run_next(queue: str) -> None:
    """Claim the best queued shard of `queue`, run it to its end, and repeat until none is left."""
    _workers[queue].serve()


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator]
def _start(instance: Any, **_: Any) -> None:
    settings = Settings()
    for queue in instance.app.amqp.queues.consume_from:
        _workers[queue] = Worker(settings, queue, instance.concurrency)
        try:
            _workers[queue].start()
        except (TimeoutError, StoreError) as error:
            # Celery would log any other exception and serve without a worker.
            raise SystemExit(str(error)) from error


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: Any) -> None:
    for worker in _workers.values():
        worker.stop()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _leave(**_: Any) -> None:
    for worker in _workers.values():
        worker.leave()
