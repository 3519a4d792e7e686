"""Megabytes that the web process holds at most while 1,000 viewers watch 50 running runs."""

from benchmarks.viewers import watched

NAME = "viewers_memory"
BOUND = 600


def measure() -> float:
    """Measure it in the viewers' benchmark."""
    return watched().peak_bytes / 1e6
