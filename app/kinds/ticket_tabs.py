"""The tabs of every kind of run that has masks."""

from app.kinds.kind import Placed, Tab
from app.plotting.tickets import (
    degree_histogram,
    input_density,
    layer_density,
    mask_distance,
    overlap_matrix,
    overlap_vs_chance,
    weight_survival,
)

MASKS = Tab(
    "masks",
    "Masks",
    (
        Placed(input_density.ENTRY, "big"),
        Placed(degree_histogram.ENTRY),
        Placed(weight_survival.ENTRY),
        Placed(mask_distance.ENTRY),
        Placed(layer_density.ENTRY),
    ),
    template="masks/masks.html",
    styles=("css/atlas.css",),
    series=("layers",),
    with_artifacts=True,
)
OVERLAP = Tab(
    "overlap",
    "Overlap",
    (Placed(overlap_matrix.ENTRY, "big"), Placed(overlap_vs_chance.ENTRY, "big")),
    template="masks/overlap.html",
)
