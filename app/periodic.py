"""Work that the web and the workers repeat, each in a thread of its own that outlives its failures."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


class Periodic:
    """Calls `act` at once and then every `every_s` seconds, whatever went wrong the time before."""

    def __init__(self, name: str, act: Callable[[], object], every_s: float) -> None:
        self._name, self._act, self._every_s = name, act, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Return whether the round that is running is the last one."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the round that is running."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._act()
            except (SQLAlchemyError, OSError) as error:
                log.warning("the %s could not reach the store: %s", self._name, error)
            except Exception:
                log.exception("a round of the %s failed, the next one follows", self._name)
            if self._stop.wait(self._every_s):
                return
