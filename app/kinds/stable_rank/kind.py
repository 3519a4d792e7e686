"""What a run about the stable rank of updates shows."""

from app.kinds.kind import Choices, Kind, Placed, Tab
from app.kinds.stable_rank.figures import compared_stable_rank, stable_rank_vs_width
from app.kinds.stable_rank.spec import ENTRY, StableRankSpec


def choices(spec: StableRankSpec, option: str) -> Choices:
    """Return the batch sizes of the run's spec."""
    return [(str(size), f"{size:,}") for size in spec.batch_sizes] if option == "batch_size" else []


KIND = Kind(
    entry=ENTRY,
    tabs=(Tab("rank", "Stable rank", (Placed(stable_rank_vs_width.ENTRY, "big"),)),),
    series=("stable_rank",),
    choices=choices,
    compared=(compared_stable_rank.ENTRY,),
)
