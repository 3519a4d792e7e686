"""Megabytes that the web process held at most, over all colourings."""

from benchmarks.atlas import scene

NAME = "atlas_memory"
BOUND = 300


def measure() -> float:
    """Measure it in the atlas's scene."""
    return scene().peak_bytes / 1e6
