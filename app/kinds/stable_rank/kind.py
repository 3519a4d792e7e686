"""What a run about the stable rank of updates shows."""

from app.kinds.kind import Kind, Placed, Tab
from app.kinds.stable_rank.figures import stable_rank_vs_width
from app.kinds.stable_rank.spec import ENTRY

KIND = Kind(
    entry=ENTRY,
    tabs=(Tab("rank", "Stable rank", (Placed(stable_rank_vs_width.ENTRY, "big"),)),),
    series=("stable_rank",),
)
