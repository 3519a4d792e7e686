"""Notify workers that there is work and readers that there is news; messages carry nothing that can be lost."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

import redis
import redis.asyncio
from celery import Celery
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from app.contract.experiment import Experiment
from app.outbox import FIRST_PAUSE_S, LONGEST_PAUSE_S, Outbox
from app.wire import RUN_NEXT, set_aside

log = logging.getLogger(__name__)

WAKE_CHANNEL = "ticketscope:wake"
TRANSPORT = "app.wire:Transport"
TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 2}
"""For workers, which have time: a dead broker fails at once, an unreachable one within a second."""

ANSWER_S = 0.6
"""How long a caller waits for the broker's answer."""

_QUICK = {"socket_connect_timeout": 0.4, "socket_timeout": 0.4}
_LAST_WORDS_S = 0.05
# More than any wake-up takes; what is longer is not read.
_WAKE_BYTES = 1_000
_DOWN = (RedisError, OperationalError, OSError)


def queues_of(spec: Experiment) -> tuple[str, ...]:
    """Return the queues whose workers may take the shards of `spec`."""
    return ("cpu", "gpu") if spec.device == "any" else (spec.device,)


class Queue:
    """The broker (Redis or Valkey) at `broker_url`; an empty URL is a broker that is down."""

    def __init__(self, broker_url: str) -> None:
        self.broker_url = broker_url
        self._url = broker_url or "redis://127.0.0.1:1"
        self._celery = Celery("ticketscope", broker=self._url, set_as_current=False)
        self._celery.conf.update(
            broker_transport=TRANSPORT,
            broker_use_ssl=self._url.startswith("rediss:"),
            broker_transport_options=_QUICK,
            broker_pool_limit=0,  # a pool would hold connections of before a broker's restart
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
        )
        # A connection is opened at the first command, not here; one retry gets past a broker's restart.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._redis = redis.Redis.from_url(self._url, **_QUICK, retry=retry)
        self._outbox = Outbox(_DOWN)
        self._silent = False

    def announce(self, queues: Iterable[str], wait_s: float = ANSWER_S) -> bool:
        """Announce work on `queues` ("cpu", "gpu"); False when the broker does not take it within `wait_s`.

        A message that no worker has taken yet says it already, so there is never more than about one per queue. The
        worker that takes it passes it on while there is more than it can do.
        """
        wanted = sorted(set(queues))
        heard = not wanted or self._outbox.put(("announce", *wanted), partial(self._announce, wanted), wait_s)
        if wait_s > 0:
            if not heard and not self._silent:
                log.warning("the broker does not answer, work waits in the store")
            self._silent = not heard
        return heard

    def _announce(self, queues: list[str]) -> None:
        for queue in queues:
            try:
                waiting = self._redis.llen(queue)
            except ResponseError:
                waiting = 0
                if not set_aside(self._redis, queue):
                    raise
            if not waiting:
                self._celery.send_task(RUN_NEXT, args=[queue], queue=queue, retry=False, ignore_result=True)
                log.info("work was announced to %s workers", queue)

    def wake(self, run_id: str, seq: int) -> None:
        """Tell every web process that event `seq` of a run is in the store; returns at once, as they poll as well."""
        message = json.dumps({"run": run_id, "seq": seq})
        self._outbox.put(("wake", run_id), lambda: self._redis.publish(WAKE_CHANNEL, message))

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Yield wake-ups `{"run", "seq"}` as they come, through whatever the broker does, until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=1, socket_keepalive=True)
            try:
                async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(WAKE_CHANNEL)
                    async for message in channel.listen():
                        pause_s = FIRST_PAUSE_S
                        if (heard := _heard(message)) is not None:
                            yield heard
            except Exception as error:
                if not isinstance(error, _DOWN):  # open pages need this loop, whatever came
                    log.exception("wake-ups could not be read")
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def alive(self) -> bool:
        """Return whether the broker answers within `ANSWER_S`."""
        return self._outbox.put("ping", self._redis.ping, ANSWER_S)

    def close(self) -> None:
        """Close all connections, after what waits to be sent if that takes no more than a moment."""
        self._outbox.close(_LAST_WORDS_S)
        self._celery.close()
        self._redis.close()


def _heard(message: Any) -> dict[str, Any] | None:
    """Return the wake-up in a message of the channel; None when there is none. Any client may write to the channel."""
    data = message["data"]
    if not isinstance(data, bytes) or len(data) > _WAKE_BYTES:
        return None
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or type(content.get("run")) is not str or type(content.get("seq")) is not int:
        return None
    return {"run": content["run"], "seq": content["seq"]}
