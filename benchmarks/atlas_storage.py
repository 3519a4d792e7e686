"""Bits per weight and level that masks and their sums take in the store, twenty nested levels."""

from benchmarks.atlas import bits_per_weight_and_level, scene

NAME = "atlas_storage"
BOUND = 0.4


def measure() -> float:
    """Measure it in the atlas's scene."""
    return bits_per_weight_and_level(scene())
