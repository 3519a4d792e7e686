"""Densities of layers, a row for each: of a single level, or of more layers than lines can show."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.contract.events import WINNING_TICKET
from app.plotting import words
from app.plotting.density_curves import joined
from app.plotting.level_lines import EMPTY, Floats, Ints, LogScale, log_axis
from app.plotting.replicates import mean
from app.plotting.style import LOOKS, SOFT, axis

# A row of a figure of the largest size has room for a name; of more rows than this, some stay without.
ROWS = 64
LETTERS = 18
LEFT = 136


def shortened(name: str) -> str:
    """Return a name that fits next to a row; the end of a long name is kept."""
    return name if len(name) <= LETTERS else f"…{name[1 - LETTERS :]}"


def size(n_layers: int) -> str:
    """Return the size of plot that so many rows need, as the page's style sheet has it."""
    return "roll" if n_layers > 24 else "tall" if n_layers > 8 else ""


def traces(names: Sequence[str], levels: Ints, density: Floats, scale: LogScale) -> list[dict[str, Any]]:
    """Return a marker for each layer's mean at the last level, a whisker from least to most, and faint earlier levels.

    `density` is (n_layers, n_levels, n_replicates) in [0, 1]; layers that keep nothing are crosses at the floor.
    """
    look, rows = LOOKS[WINNING_TICKET], np.arange(len(names))
    means = 100 * mean(density)
    drawn = np.maximum(means, scale.floor)
    last, empty = means[:, -1], means[:, -1] == 0
    low, high = (100 * reduced.reduce(density[:, -1], axis=1, initial=np.nan) for reduced in (np.fmin, np.fmax))
    spread = [f" ({words.density(a / 100)} to {words.density(b / 100)})" if b > a else ""
              for a, b in zip(low, high, strict=True)]  # fmt: skip
    text = [
        f"{name}: {'nothing kept' if gone else words.density(value / 100)}{more}"
        for name, gone, value, more in zip(names, empty, last, spread, strict=True)
    ]
    out: list[dict[str, Any]] = []
    if len(levels) > 1:
        y, x = joined(np.zeros(len(levels)), drawn.T)
        out.append(
            {
                "type": "scatter", "mode": "lines+markers", "x": x, "y": y + np.repeat(rows, len(levels) + 1),
                "hoverinfo": "skip", "line": {"color": LOOKS[SOFT].color, "width": 0.8}, "opacity": 0.6,
                "marker": {"color": LOOKS[SOFT].color, "size": 3}, "meta": {"role": SOFT, "part": "levels"},
            }
        )  # fmt: skip
    out.append(
        {
            "type": "scatter", "mode": "markers", "name": "layers", "x": drawn[:, -1], "y": rows, "text": text,
            "hovertemplate": "%{text}<extra></extra>", "meta": {"role": WINNING_TICKET, "part": "mean"},
            "marker": {"symbol": [EMPTY if gone else "circle" for gone in empty], "color": look.color,
                       "size": [10 if gone else 7 for gone in empty], "line": {"color": look.color, "width": 2}},
            "error_x": {"type": "data", "symmetric": False, "array": high - last, "color": look.color, "thickness": 1,
                        "arrayminus": np.minimum(last - low, 0.999 * last), "width": 2, "visible": any(spread)},
        }
    )  # fmt: skip
    return out


def axes(names: Sequence[str], scale: LogScale, title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the logarithmic axis of densities, and the rows downwards with their names."""
    every = -(-len(names) // ROWS)
    rows = list(range(0, len(names), every))
    return log_axis(title, scale), axis(
        "layer", tickvals=rows, ticktext=[shortened(names[row]) for row in rows], range=[len(names) - 0.5, -0.5],
        tickfont={"size": 11}, showgrid=len(names) > 8, fixedrange=True,
    )  # fmt: skip
