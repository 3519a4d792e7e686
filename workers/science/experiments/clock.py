"""When a training is saved."""

import time
from dataclasses import dataclass, field
from math import inf

EVERY_S = 15.0
"""Seconds of training that a kill may cost."""


@dataclass(frozen=True)
class Due:
    """Said by a training between two steps: it is time to save it."""


@dataclass
class Clock:
    """Says when a training should be saved: every `every_s` seconds, and when hurried."""

    every_s: float = EVERY_S
    _last: float = field(default_factory=time.monotonic)

    def hurry(self) -> None:
        """Have it be time at once."""
        self._last = -inf

    def due(self) -> bool:
        """Return whether the interval is over; then the next one begins."""
        now = time.monotonic()
        if now - self._last < self.every_s:
            return False
        self._last = now
        return True
