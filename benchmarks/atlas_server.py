"""Seconds that the server takes of a step, 95th percentile over all colourings."""

from benchmarks.atlas import p95, scene

NAME = "atlas_server"
BOUND = 0.06


def measure() -> float:
    """Measure it in the atlas's scene."""
    return p95([ms for times in scene().server_ms.values() for ms in times]) / 1000
