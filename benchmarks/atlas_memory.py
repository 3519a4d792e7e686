"""Megabytes that the web process held at most, over all colourings."""

from benchmarks.atlas import scene

NAME = "atlas_memory"
BOUND = 300


def measure() -> float:
    """As the atlas's scene has it."""
    return scene().peak_bytes / 1e6
