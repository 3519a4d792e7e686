"""Measurement to pixel in a sustained stream: p95 over 10 s of 20 rows a second on five open pages."""

from benchmarks.live_latency import measure_latencies, p95

NAME = "sustained_points"
BOUND = 1.0
"""Seconds."""


def measure() -> float:
    """Return p95 in seconds, a row every 0.05 s."""
    return p95(measure_latencies([0.05] * 200))
