"""The log of a run as frames of a stream, read once for all who follow it."""

import asyncio
from typing import Any, Final, NamedTuple

import orjson
from fastapi.sse import format_sse_event

from app.records import EventRecord
from app.store import Store
from app.store.errors import NotFound

EVENTS_AT_ONCE: Final = 500


class Part(NamedTuple):
    """Events of a log as frames, up to event `seq`."""

    frames: bytes
    seq: int


class Log:
    """The logs of runs, read and encoded once for all viewers who have seen the same and wait for the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reads: dict[tuple[str, int, int | None], asyncio.Task[Part]] = {}

    @property
    def pending(self) -> int:
        """Return reads that go on now."""
        return len(self._reads)

    async def after(self, run_id: str, seq: int, newest: int | None) -> Part:
        """Return the next `EVENTS_AT_ONCE` events of a run after `seq`.

        Event `newest` is known to be there, so that what was begun for another who knew it has it as well.
        """
        key = (run_id, seq, newest)
        read = self._reads.get(key)
        if read is None:
            read = self._reads[key] = asyncio.create_task(asyncio.to_thread(self._part, run_id, seq))
            read.add_done_callback(lambda _: self._reads.pop(key))
        # One who leaves must not take it from the others.
        return await asyncio.shield(read)

    def _part(self, run_id: str, seq: int) -> Part:
        try:
            records = self._store.events(run_id, seq, EVENTS_AT_ONCE)
        except NotFound:  # purged while a reader watched: there will be nothing more
            return Part(b"", seq)
        frames = (format_sse_event(data_str=orjson.dumps(event_json(one)).decode(), id=str(one.seq)) for one in records)
        return Part(b"".join(frames), records[-1].seq if records else seq)


def event_json(record: EventRecord) -> dict[str, Any]:
    """Return an event as scripts read it: `{"seq", "at", "kind", ...}`."""
    return {"seq": record.seq, "at": record.at, "replicate": record.replicate, **record.event}
