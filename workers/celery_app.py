"""Broker settings of the Celery worker, and nothing else: `celery -A workers.celery_app worker -P threads`."""

import warnings
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning

from app.queue import TRANSPORT, TRANSPORT_OPTIONS
from app.settings import Settings

# In a container root is the user; whatever a message holds, it means the one task with the name of its queue.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery(
    "ticketscope", broker=Settings().broker_url or "redis://127.0.0.1:6379/0", include=["workers.logs", "workers.tasks"]
)
app.conf.update(
    # A message is taken off the broker before it is worked on, and only by a thread that is free: with late acks Redis
    # hands a long job out a second time, and a killed worker takes its prefetched messages with it.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_redirect_stdouts=False,
    broker_transport=TRANSPORT,
    broker_use_ssl=Settings().broker_url.startswith("rediss:"),
    broker_transport_options=TRANSPORT_OPTIONS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_ignore_result=True,
    result_backend=None,
    task_serializer="json",
    accept_content=["json"],
)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _poll_often(sender: Any, **_: Any) -> None:
    # With prefetch disabled a freed thread is noticed only when the event loop wakes, by default once a second.
    if (hub := sender.hub) is not None:
        hub.call_repeatedly(0.1, lambda: None)
