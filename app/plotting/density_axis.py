"""The axis of weights remaining: per cent, logarithmic, descending, as long as the run is planned to be."""

import math
from typing import Any

from app.plotting.style import axis


def density_axis(lowest: float) -> dict[str, Any]:
    """Return ticks at 1, 2 and 5 of each decade, fewer on an axis so long that they would touch; `lowest` in (0, 1]."""
    end = math.log10(100 * lowest)
    mantissas = (1, 2, 5) if end > -0.35 else (1, 5) if end > -1.5 else (1,)
    ticks = [m * 10.0**e for e in range(math.floor(end), 3) for m in mantissas if 10**end <= m * 10.0**e <= 100]
    pad = 0.02 * (2 - end)
    return axis(
        "weights remaining (%)",
        type="log",
        range=[2 + pad, end - pad],
        tickvals=sorted(ticks, reverse=True),
        ticktext=[f"{tick:g}" for tick in sorted(ticks, reverse=True)],
        unifiedhovertitle={"text": "%{x:.3~g} % of the weights"},
    )
