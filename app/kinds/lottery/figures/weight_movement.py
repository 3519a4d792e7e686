"""How weights move in one training, in three views: each a file of its own, chosen by the option `view`."""

from typing import Any, TypeAlias

import plotly.graph_objects as go

from app.kinds.lottery.figures import movement_by_level, movement_histogram, movement_scatter
from app.kinds.lottery.figures.movement_by_level import ByLevelInfo
from app.kinds.lottery.figures.movement_histogram import HistogramInfo
from app.kinds.lottery.figures.movement_scatter import JointInfo
from app.kinds.lottery.figures.movement_view import MovementOptions
from app.plotting.entry import FigureEntry, Reads
from app.plotting.source import Source

MovementInfo: TypeAlias = HistogramInfo | JointInfo | ByLevelInfo

_VIEWS: dict[str, Any] = {
    "histogram": movement_histogram,
    "scatter": movement_scatter,
    "by_level": movement_by_level,
}
_VIEW_OF: dict[type[Any], Any] = {
    HistogramInfo: movement_histogram,
    JointInfo: movement_scatter,
    ByLevelInfo: movement_by_level,
}


def reads(options: MovementOptions) -> Reads:
    """Return the series of all levels, or series and artifacts of one."""
    if options.view == "by_level":
        return Reads({"movement": None}, {})
    return Reads({"movement": options.level}, {"movement": options.level})


def info(source: Source[MovementOptions]) -> MovementInfo:
    """Return the data of the chosen view."""
    info: MovementInfo = _VIEWS[source.options.view].info(source)
    return info


def draw(info: MovementInfo) -> go.Figure:
    """Draw the figure of that data."""
    return _VIEW_OF[type(info)].draw(info)


def table(info: MovementInfo) -> dict[str, list[Any]]:
    """Return the columns of that data."""
    columns: dict[str, list[Any]] = _VIEW_OF[type(info)].table(info)
    return columns


ENTRY = FigureEntry(
    "weight_movement",
    "Weight movement",
    "Do the weights that survive move differently from those that are pruned?",
    ("movement",),
    MovementOptions,
    info,
    draw,
    table,
    artifacts=("movement",),
    reads_of=reads,
)
