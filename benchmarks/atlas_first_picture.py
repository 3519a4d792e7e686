"""Seconds from opening the Masks of a run, come from its page, to its first picture."""

from benchmarks.atlas import scene

NAME = "atlas_first_picture"
BOUND = 0.35


def measure() -> float:
    """Measure it in the atlas's scene."""
    return scene().first_ms / 1000
