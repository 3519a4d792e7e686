"""Calls to a broker that may be silent: a thread of its own runs them, so that no caller waits longer than agreed."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


@dataclass
class _Batch:
    """Errands that are run in one go; `done` holds whether all went well."""

    errands: dict[Hashable, Callable[[], object]] = field(default_factory=dict)
    done: Future[bool] = field(default_factory=Future)


class Outbox:
    """Runs errands in order, in a thread that starts with the first one.

    After a failure (one of `failures`), errands without a waiting caller are dropped, for pauses that double up to
    `LONGEST_PAUSE_S`. One with a waiting caller is always tried. An errand replaces a waiting one of the same key.
    """

    def __init__(self, failures: tuple[type[Exception], ...]) -> None:
        self._failures = failures
        self._changed = threading.Condition()
        self._next = _Batch()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._pause_s = FIRST_PAUSE_S
        self._quiet_until = 0.0

    def put(self, key: Hashable, errand: Callable[[], object], wait_s: float = 0.0) -> bool:
        """Return whether the errand has gone well within `wait_s`; without a wait return at once."""
        with self._changed:
            if self._closed or (wait_s <= 0 and time.monotonic() < self._quiet_until):
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
                self._thread.start()
            batch = self._next
            # With the ids of whoever asks, for the logs.
            batch.errands[key] = partial(copy_context().run, errand)
            self._changed.notify_all()
        try:
            return wait_s > 0 and batch.done.result(wait_s)
        except TimeoutError:
            return False

    def close(self, wait_s: float) -> None:
        """End the thread after what waits, for which this waits at most `wait_s`; later errands are dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(wait_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next.errands or self._closed)
                if not self._next.errands:
                    return
                batch, self._next = self._next, _Batch()
            batch.done.set_result(self._go(batch))

    def _go(self, batch: _Batch) -> bool:
        try:
            for errand in batch.errands.values():
                errand()
        except self._failures as error:
            log.info("the broker does not answer: %s", error)
        except Exception:
            # Whatever went wrong with one: later errands need this thread.
            log.exception("the broker did not answer")
        else:
            self._pause_s, self._quiet_until = FIRST_PAUSE_S, 0.0
            return True
        self._quiet_until = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return False
