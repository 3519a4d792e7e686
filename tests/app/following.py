"""A broadcaster that runs, and a wait for what its viewers hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.live import Broadcaster, Hint, Viewer
from app.queue import Queue
from app.store import Store


@asynccontextmanager
async def running(store: Store, queue: Queue) -> AsyncIterator[Broadcaster]:
    broadcaster = Broadcaster(store, queue)
    reader = asyncio.create_task(broadcaster.run())
    try:
        yield broadcaster
    finally:
        broadcaster.close()
        await asyncio.wait_for(reader, 5)


async def until(viewer: Viewer, seq: int) -> Hint:
    """The first hint that reaches `seq`."""
    async with asyncio.timeout(5):
        while True:
            for hint in await viewer.hints(5) or ():
                if hint.seq >= seq:
                    return hint
