"""Events of a shard, appended as a worker does: one after the other, or many in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.contract.events import ArtifactSaved, Measured
from app.store import Store


class Appending:
    """Appends the measurements and artifacts of the shard that a token is for."""

    def __init__(self, store: Store, token: tuple[int, str]) -> None:
        self._store, self._token, self._ordinal = store, token, 0
        self._waiting: list[Measured | ArtifactSaved] | None = None

    def __call__(self, event: Measured | ArtifactSaved) -> None:
        if self._waiting is not None:
            self._waiting.append(event)
            return
        self._store.append(*self._token, [event], self._ordinal)
        self._ordinal += event.rows if isinstance(event, Measured) else 1

    @contextmanager
    def together(self) -> Iterator[None]:
        """Append what comes within the block at its end, in one transaction."""
        events: list[Measured | ArtifactSaved] = []
        self._waiting = events
        try:
            yield
        finally:
            self._waiting = None
        self._store.append(*self._token, events, self._ordinal)
        self._ordinal += sum(event.rows if isinstance(event, Measured) else 1 for event in events)
