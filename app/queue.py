"""Tells workers that there is work and readers that there is news; carries nothing that can be lost.

The store decides who does what. A message only says "look into the store", so a lost or doubled one costs nothing.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import redis
import redis.asyncio
from celery import Celery
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.contract.specs import Experiment

log = logging.getLogger(__name__)

RUN_NEXT = "workers.tasks.run_next"
WAKE_CHANNEL = "ticketscope:wake"
TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 2}
"""A dead broker fails at once, an unreachable one within a second."""

_DOWN = (RedisError, OperationalError, OSError)
# After a failure nobody asks again for this long: a child that trains must not wait for a broker that is away.
_PAUSE_S = 1.0


def queues_of(spec: Experiment) -> tuple[str, ...]:
    """The queues whose workers may take the shards of `spec`."""
    return ("cpu", "gpu") if spec.device == "any" else (spec.device,)


class Queue:
    """The broker (Redis or Valkey) at `broker_url`; an empty URL is a broker that is down."""

    def __init__(self, broker_url: str) -> None:
        self.broker_url = broker_url
        self._url = broker_url or "redis://127.0.0.1:1"
        self._celery = Celery("ticketscope", broker=self._url, set_as_current=False)
        self._celery.conf.update(
            broker_transport_options=TRANSPORT_OPTIONS,
            broker_pool_limit=0,  # a pool would hold connections of before a broker's restart
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
        )
        # A connection is made at the first command, not here; one retry gets past a broker's restart.
        self._redis = redis.Redis.from_url(self._url, **TRANSPORT_OPTIONS, retry=Retry(NoBackoff(), 1))
        self._down_until = 0.0

    def announce(self, queues: Iterable[str]) -> bool:
        """Say that there is work on `queues` ("cpu", "gpu"); False when the broker is down.

        A message that nobody has taken yet says it already, so there is never more than about one per queue: the worker
        that takes it passes the word on while there is more than it can do.
        """
        try:
            for queue in sorted(set(queues)):
                if not self._redis.llen(queue):
                    self._celery.send_task(RUN_NEXT, args=[queue], queue=queue, retry=False, ignore_result=True)
        except _DOWN as error:
            log.warning("the broker is down, work waits in the store: %s", error)
            return False
        return True

    def wake(self, run_id: str, seq: int) -> None:
        """Tell every web process that event `seq` of a run is in the store; never raises, they poll as well."""
        if time.monotonic() < self._down_until:
            return
        try:
            self._redis.publish(WAKE_CHANNEL, json.dumps({"run": run_id, "seq": seq}))
        except _DOWN:
            self._down_until = time.monotonic() + _PAUSE_S

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Wake-ups `{"run", "seq"}` as they come, through outages of the broker, until cancelled."""
        while True:
            client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=1)
            try:
                async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(WAKE_CHANNEL)
                    async for message in channel.listen():
                        yield json.loads(message["data"])
            except _DOWN:
                await asyncio.sleep(_PAUSE_S)

    def alive(self) -> bool:
        """Whether the broker answers."""
        try:
            return bool(self._redis.ping())
        except _DOWN:
            return False

    def close(self) -> None:
        """Close all connections."""
        self._celery.close()
        self._redis.close()
