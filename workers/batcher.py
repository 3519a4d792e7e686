"""Gathers what a child measures into few appends: an isolated measurement goes at once, a stream twice a second."""

import time
from collections.abc import Callable

from app.contract.events import ArtifactSaved, Event, Measured

EVERY_S = 0.5


class Batcher:
    """Numbers rows and artifacts from `next_ordinal` on and hands them to `append(events, first_ordinal)`.

    Consecutive rows of one series and training become one event. Where the cuts fall depends on the clock; the
    numbers of the rows do not. Until `ready`, nothing is handed on but by `flush`.
    """

    def __init__(
        self,
        append: Callable[[list[Event], int], object],
        next_ordinal: int,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self.next_ordinal = next_ordinal
        self._append = append
        self._ready = ready
        self._first = next_ordinal
        self._events: list[Event] = []
        self._flushed_at = 0.0

    def add(self, event: Measured | ArtifactSaved) -> None:
        """Take one event, and flush if the last flush is long enough ago."""
        last = self._events[-1] if self._events else None
        if isinstance(event, Measured):
            self.next_ordinal += event.rows
            if isinstance(last, Measured) and _continues(event, last):
                self._events[-1] = _merged(last, event)
            else:
                self._events.append(event)
        else:
            self.next_ordinal += 1
            self._events.append(event)
        self.tick()

    def tick(self) -> None:
        """Flush what has waited long enough; call it often."""
        if self._events and time.monotonic() - self._flushed_at >= EVERY_S and self._ready():
            self.flush()

    def flush(self) -> None:
        """Append everything now."""
        if self._events:
            self._append(self._events, self._first)
            self._events, self._first = [], self.next_ordinal
            self._flushed_at = time.monotonic()


def _continues(event: Measured, last: Measured) -> bool:
    return (event.series, event.key) == (last.series, last.key) and event.columns.keys() == last.columns.keys()


def _merged(first: Measured, second: Measured) -> Measured:
    return first.model_copy(
        update={"columns": {name: values + second.columns[name] for name, values in first.columns.items()}}
    )
