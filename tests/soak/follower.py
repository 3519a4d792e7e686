"""A script that reads the log of a run as an event stream, and goes on where it was whenever the stream breaks."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

# Also without a kill: a stream that is quiet for so long is opened again.
PATIENCE_S = 2.0


class Follower:
    """`seen` has every event that came, in order; a reader that must see event `n` waits until it is the last."""

    def __init__(self, port: int, run_id: str) -> None:
        self.seen: list[dict[str, Any]] = []
        self.connected = 0
        self._port, self._path = port, f"/api/v1/runs/{run_id}/events"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follower of {run_id}", daemon=True)
        self._thread.start()

    @property
    def last_seq(self) -> int:
        """Number of the newest event; 0 before the first."""
        return int(self.seen[-1]["seq"]) if self.seen else 0

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join(3 * PATIENCE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError, HTTPException):
                self._follow()
            self._stop.wait(0.05)

    def _follow(self) -> None:
        headers = {"Accept": "text/event-stream"}
        if self.seen:
            headers["Last-Event-ID"] = str(self.last_seq)
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)) as connection:
            connection.request("GET", self._path, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                return
            self.connected += 1
            for event in _events(answer):
                self.seen.append(event)
                if self._stop.is_set():
                    return


def _events(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Whole frames only: what breaks off before its empty line never came."""
    number, data = "", ""
    for line in lines:
        name, _, value = line.decode().strip("\n").partition(": ")
        if name == "id":
            number = value
        elif name == "data":
            data = value
        elif not name and data:
            event: dict[str, Any] = json.loads(data)
            assert str(event["seq"]) == number
            yield event
            number, data = "", ""
