"""How Celery speaks to Redis here: a message is a nudge, so that nothing on the broker but its arrival is believed."""

import json
import logging
import uuid
from typing import Any

from kombu.transport import redis, virtual
from redis import Redis
from redis.exceptions import ResponseError

log = logging.getLogger(__name__)

RUN_NEXT = "workers.tasks.run_next"


def set_aside(client: Redis, queue: str) -> bool:
    """Rename what lies under the name of `queue` and is no list; return whether there was such a thing."""
    if client.type(queue) in (b"list", b"none"):
        return False
    name = f"{queue}:set-aside:{uuid.uuid4()}"
    client.rename(queue, name)
    log.warning("the broker has a key %r that is not a queue: it is renamed to %r", queue, name)
    return True


class Channel(redis.Channel):
    """Hands out one well-formed message for each that arrives, whatever that one holds.

    Queues are Redis lists under their own names. Acknowledgements and bindings stay in this process: the store knows
    what is under way, and keys of others cannot confuse what is not read.
    """

    QoS = virtual.QoS  # type: ignore[assignment]
    do_restore = False
    priority_steps = [0]  # noqa: RUF012 (the library's)

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """Return the one queue of each exchange, which has the same name."""
        return [(exchange, "", exchange)]

    def _queue_bind(self, *_: Any) -> None:
        """Do nothing: see `get_table`."""

    def _size(self, _: str) -> int:
        """Return 0: Celery reads it when it starts, and no code here needs it."""
        return 0

    def _brpop_read(self, **options: Any) -> bool:
        popped: list[bytes] | None = None
        try:
            popped = self.client.parse_response(self.client.connection, "BRPOP", **options)
        except self.connection_errors:
            self.client.connection.disconnect()
            raise
        except ResponseError as error:
            with self.conn_or_acquire() as client:
                moved = [set_aside(client, queue) for queue in self.active_queues]
                if not any(moved):
                    raise ConnectionError(str(error)) from error  # Celery waits, then connects again
        finally:
            self._in_poll = None  # type: ignore[assignment]
        if not popped:
            raise virtual.Empty
        queue = popped[0].decode()
        self._queue_cycle.rotate(queue)
        self.connection._deliver(self._nudge(queue), queue)
        return True

    def _nudge(self, queue: str) -> dict[str, Any]:
        """Return the message that `send_task(RUN_NEXT, args=[queue])` would have sent."""
        name = str(uuid.uuid4())
        headers = {"lang": "py", "task": RUN_NEXT, "id": name, "root_id": name, "retries": 0, "timelimit": [None, None]}
        body, encoding = self.encode_body(json.dumps([[queue], {}, {}]), self.body_encoding)  # type: ignore[no-untyped-call]
        properties = {
            "correlation_id": name,
            "body_encoding": encoding,
            "delivery_tag": self._next_delivery_tag(),  # type: ignore[no-untyped-call]
            "delivery_info": {"exchange": "", "routing_key": queue},
        }
        return {
            "body": body,
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": headers,
            "properties": properties,
        }


class Transport(redis.Transport):
    """Kombu's transport for Redis with the `Channel` of this module."""

    Channel = Channel
