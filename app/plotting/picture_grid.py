"""Small pictures side by side on one scale of colours: ratios to chance, 1 = chance."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.plotting.style import HEAT, HEAT_SCALE, axis, figure, note
from app.plotting.words import Part

Floats = NDArray[np.float64]

PER_ROW = 6
"""Pictures in a row that fit on a telephone."""

# Cells on a side; larger pictures are pooled.
_SIDE = 32
# Shares of the plot's height that a line of titles takes, and of a picture's place that the gaps take.
_HEAD, _GAP = 0.12, 0.05
_TICKS = ((0.0, "0"), (0.25, "¼"), (0.5, "½"), (1.0, "1"), (2.0, "2"), (4.0, "4"), (9.0, "9"), (np.inf, "∞"))


class Picture(NamedTuple):
    """`ratio` is (height, width), NaN where undefined; `row` names the row of pictures that it is in, if any."""

    level: int
    density: str
    row: str
    ratio: Floats


def shade(ratio: Any) -> Any:
    """Return the place of a ratio r on the scale of colours: r / (1 + r).

    So 0 is the bottom and chance the middle; k times and one k-th of it are as far from there; nothing is cut off.
    """
    ratio = np.asarray(ratio, dtype=np.float64)
    return 1 - 1 / (1 + ratio)


def block(shape: Sequence[int]) -> int:
    """Return pixels on a side of a drawn cell."""
    return -(-max(shape) // _SIDE)


def pooled(picture: Floats) -> Floats:
    """Return means over blocks, so that no picture has more than 32 cells on a side.

    Blocks at the edge may be smaller.
    """
    side = block(picture.shape)
    for along in (0, 1):
        starts = np.arange(0, picture.shape[along], side)
        sizes = np.diff(np.append(starts, picture.shape[along]))
        picture = np.add.reduceat(picture, starts, axis=along) / (sizes[:, None] if along == 0 else sizes)
    return picture


def draw(
    pictures: Sequence[Picture],
    *,
    channels: int,
    cell: str,
    title: str,
    finding: Sequence[Part],
    foot: str,
    n: int,
) -> go.Figure:
    """Return the figure: pictures in the order level, channel.

    Each channel has a row of its own, else rows hold six.
    """
    columns = max(1, len(pictures) // channels if channels > 1 else min(len(pictures), PER_ROW))
    rows = channels if channels > 1 else max(1, -(-len(pictures) // columns))
    # Channels share the titles above the first row; elsewhere each row has its own.
    heads = 1 if channels > 1 else rows
    high = (1 - heads * _HEAD) / rows
    data, notes = list[dict[str, Any]](), list[dict[str, Any]]()
    of_x, of_y = _bare(f"{cell} column"), _bare(f"kept weights per {cell}, 1 = chance")
    axes: dict[str, Any] = {"xaxis": of_x, "yaxis": of_y}
    for i, picture in enumerate(pictures):
        row, column = (i % channels, i // channels) if channels > 1 else divmod(i, columns)
        number = "" if i == 0 else str(i + 1)
        x, y = f"x{number}", f"y{number}"
        cells = pooled(picture.ratio)
        # A mask that keeps nothing has no ratio, and is a bare picture.
        nothing = not np.isfinite(cells).any()
        cells = np.zeros_like(cells) if nothing else cells
        height, width = cells.shape
        top = 1 - row * high - min(row + 1, heads) * _HEAD
        across = [(column + _GAP) / columns, (column + 1 - _GAP) / columns]
        down = [top - (1 - _GAP) * high, top]
        axes[f"xaxis{number}"] = {**of_x, "anchor": y, "domain": across, "range": [-0.5, width - 0.5]}
        axes[f"yaxis{number}"] = {**of_y, "anchor": x, "domain": down, "range": [height - 0.5, -0.5], "scaleanchor": x}
        data.append(
            {
                "type": "heatmap", "xaxis": x, "yaxis": y, "coloraxis": "coloraxis", "hoverongaps": False,
                "z": shade(cells).astype(np.float32), "customdata": cells.astype(np.float32),
                "hovertemplate": "nothing is kept<extra></extra>" if nothing else
                                 "row %{y}, column %{x}: %{customdata:.3~g} × chance<extra></extra>",
                "meta": {"role": HEAT},
            }
        )  # fmt: skip
        place = {"xref": f"{x} domain", "yref": f"{y} domain"}
        if row < heads:
            text = f"{'' if column else 'level '}{picture.level}<br>{picture.density}"
            notes.append(note(text, **place, x=0.5, y=1, xanchor="center", yanchor="bottom", yshift=1))
        if picture.row and column == 0:
            notes.append(
                note(picture.row, **place, x=0, y=0.5, xanchor="right", yanchor="middle", xshift=-4, textangle=-90)
            )
    return figure(
        data,
        title=title,
        finding=finding,
        foot=foot,
        n=n,
        annotations=notes,
        hovermode="closest",
        dragmode=False,
        margin={"l": 44, "r": 44, "t": 26, "b": 8},
        coloraxis={
            "cmin": 0, "cmax": 1, "colorscale": HEAT_SCALE,
            "colorbar": {
                "thickness": 8, "len": 0.8, "outlinewidth": 0, "x": 1.01, "ticks": "",
                "tickvals": [1.0 if ratio == np.inf else float(shade(ratio)) for ratio, _ in _TICKS],
                "ticktext": [text for _, text in _TICKS],
            },
        },
        **axes,
    )  # fmt: skip


def _bare(title: str) -> dict[str, Any]:
    """Return an axis that only holds a picture: nothing of it is seen, and it does not zoom."""
    return axis(title, visible=False, fixedrange=True, constrain="domain")
