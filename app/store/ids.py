"""Run ids: ten characters, sortable by time, speakable."""

import secrets
import threading
import time

# Crockford's base 32 in lower case: no i, l, o or u, and in the order of ASCII.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
EPOCH_S = 1_735_689_600  # 2025-01-01
RANDOM_BITS = 10

_lock = threading.Lock()
_last = 0


def run_id() -> str:
    """Return a new id: 40 bits of milliseconds, then 10 random bits; ids of one process always grow."""
    global _last
    now = int((time.time() - EPOCH_S) * 1000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
    with _lock:
        _last = max(now, _last + 1)
        value = _last
    return "".join(ALPHABET[value >> shift & 31] for shift in range(45, -1, -5))
