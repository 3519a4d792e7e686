"""The axis of weights remaining: per cent, logarithmic, descending, as long as the run is planned to be."""

import math
from typing import Any

from app.contract.params import LayerwiseMagnitude
from app.contract.records import Run
from app.figures.style import axis


def lowest_planned(run: Run) -> float:
    """Density in (0, 1] of the last level: exact for layerwise rates once layers are known, else by the main rate."""
    pruning, levels = run.lottery.pruning, run.levels
    shapes = [layer["shape"] for layer in run.provenance.get("layers", ())]
    if not shapes or not isinstance(pruning, LayerwiseMagnitude):
        return float((1 - getattr(pruning, "rate", 0.2)) ** levels)
    sizes = [math.prod(shape) for shape in shapes]
    left = 0
    for layer, (shape, kept) in enumerate(zip(shapes, sizes, strict=True)):
        last = layer == len(shapes) - 1
        rate = pruning.output_rate if last else pruning.conv_rate if len(shape) == 4 else pruning.rate
        for _ in range(levels):
            kept -= round(rate * kept)
        left += kept
    return float(max(left, 1) / sum(sizes))


def density_axis(lowest: float) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 of each decade, fewer on an axis so long that they would touch; `lowest` in (0, 1]."""
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
