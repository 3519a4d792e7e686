"""Work that takes much memory: one piece at a time, in a thread of its own, and few that wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.exceptions import HTTPException

T = TypeVar("T")


class OneByOne:
    """A line of at most `most`; those who wait hold neither a thread of the pages nor what they brought in memory."""

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(1, name)
        self._most = most
        self._waiting = 0

    async def run(self, action: Callable[[], T]) -> T:
        """Return what `action` returns when its turn has come. Raises HTTPException 503 when the line is full."""
        if self._waiting >= self._most:
            detail = f"{self._waiting} others are waiting for the same: try again in a moment."
            raise HTTPException(503, detail, {"Retry-After": "5"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, action)
        finally:
            self._waiting -= 1
