"""Seconds of a pan or zoom step, 95th percentile over all colourings: the next picture decoded, drawn and painted."""

from benchmarks.atlas import p95, scene

NAME = "atlas_step"
BOUND = 0.15


def measure() -> float:
    """Measure it in the atlas's scene."""
    return p95(scene().all_steps) / 1000
