"""Median step over the median zoom of a Plotly heatmap of 2048×2048 cells, both in one run (ratio)."""

from statistics import median

from benchmarks.atlas import scene

NAME = "atlas_against_heatmap"
BOUND = 1


def measure() -> float:
    """Measure it in the atlas's scene."""
    return median(scene().all_steps) / median(scene().heatmap_zooms_ms)
