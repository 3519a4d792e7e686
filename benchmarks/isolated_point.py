"""Measurement to pixel, one measurement at a time: p95 over 20 rows on five open pages."""

from benchmarks.live_latency import measure_latencies, p95

NAME = "isolated_point"
BOUND = 0.5
"""Seconds."""


def measure() -> float:
    """Return p95 in seconds, a row every 1.2 s."""
    return p95(measure_latencies([1.2] * 20))
