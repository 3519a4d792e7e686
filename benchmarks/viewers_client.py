"""Many viewers of running runs in one process: connections that read event streams and note when each event came.

A process of its own, started by `benchmarks.viewers`. It processes nothing, so that its work does not delay what it
measures more than a reader's machine would.
"""

from __future__ import annotations

import asyncio
import re
import time
from array import array
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

_SEQ = re.compile(rb'"seq":(\d+)')


class Seen(NamedTuple):
    """What a viewer has read: seqs as they came, when each did (time.time), and whether its stream went on."""

    seqs: array[int]
    times: array[float]
    open: bool


class Viewer(asyncio.Protocol):
    """One open stream."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.seqs, self.times = array("q"), array("d")
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        head = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.open = self.open or data.startswith(b"HTTP/1.1 200")
        # A number may come in two pieces: what follows the last whole frame is read again.
        text = self._rest + data
        end = text.rfind(b"\n\n") + 2 if b"\n\n" in text else 0
        for match in _SEQ.finditer(text, 0, end):
            self.seqs.append(int(match[1]))
            self.times.append(now)
        self._rest = text[end:]

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()


def watch(port: int, paths: Sequence[str], pipe: Connection) -> None:
    """Open a stream for each path, report how many are open, and at a word of the pipe send what each has seen."""
    asyncio.run(_watch(port, paths, pipe))


async def _watch(port: int, paths: Sequence[str], pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    viewers = [Viewer(path) for path in paths]
    for viewer in viewers:
        await loop.create_connection(lambda viewer=viewer: viewer, "127.0.0.1", port)  # type: ignore[misc]
    while not all(viewer.seqs for viewer in viewers):
        await asyncio.sleep(0.1)
    pipe.send(sum(viewer.open for viewer in viewers))
    while not pipe.poll():
        await asyncio.sleep(0.2)
    seen = [Seen(viewer.seqs, viewer.times, viewer.open) for viewer in viewers]
    for viewer in viewers:
        viewer.close()
    pipe.send(seen)
