"""What the first layer looks at: kept weights per input pixel as a picture, level by level, against chance."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.plotting import picture_grid, words
from app.plotting.entry import FigureEntry
from app.plotting.picture_grid import PER_ROW, Picture
from app.plotting.source import Options, Source
from app.plotting.tickets.input_view import View, view_of
from app.plotting.tickets.pyramid_view import Layer, awaited, layers, saved
from app.plotting.tickets.random_degrees import variance
from app.plotting.words import Part

Floats = NDArray[np.float64]


class InputOptions(Options):
    """`replicate` by number, None takes the mean of all."""

    replicate: int | None = Field(None, ge=0, le=1_000)


class InputInfo(NamedTuple):
    """Return the kept weights of each cell of a picture relative to chance: 1 where a uniformly random mask keeps as
    many.

    `ratio` is (n_levels, n_channels, height, width), the mean over replicates. `last` is (n_replicates, n_channels,
    height, width), that of each at the last level. Both are NaN where the layer keeps nothing. `n`, `density` of the
    layer, the standard deviation `spread` over cells and `random_spread`, that of as many uniformly random masks, are
    (n_levels,).
    """

    layer: str
    view: View | None
    levels: NDArray[np.int64]
    n: NDArray[np.int64]
    density: Floats
    ratio: Floats
    last: Floats
    spread: Floats
    random_spread: Floats
    awaited: tuple[Part, ...]


def info(source: Source[InputOptions]) -> InputInfo:
    """Return the data of the figure, from the artifacts `pyramid` of all levels."""
    known = layers(source)
    if not known:
        return _empty("first layer", None, awaited(source))
    layer, columns = known[0], _columns(source, known[0])
    view = view_of(layer, source.run.provenance.get("input"))
    if view is None:
        example = list(source.run.provenance.get("input") or ())
        why = (
            f"The input is not a picture but a text of {plural(example[0], 'symbol')}." if len(example) == 1 else
            f"The input is not a picture: {layer.name} has {plural(layer.size[1], 'input')}, and their arrangement is "
            "not known."
        )  # fmt: skip
        return _empty(layer.name, None, (Part(why),))
    if not columns:
        return _empty(layer.name, view, _missing(source))
    # Two rows of pictures, or one of each channel.
    levels = _spaced(sorted(columns), PER_ROW if view.rows > 1 else 2 * PER_ROW)
    sums = np.stack([np.sum(columns[level], axis=0) for level in levels])
    n = np.array([len(columns[level]) for level in levels])
    ratio = _relative(sums, view)
    most = layer.weights // ratio[0].size
    return InputInfo(
        layer=layer.name,
        view=view,
        levels=levels,
        n=n,
        density=sums.sum(axis=1) / (n * layer.weights),
        ratio=ratio,
        last=_relative(np.stack(columns[int(levels[-1])]), view),
        spread=ratio.reshape(len(levels), -1).std(axis=1),
        random_spread=np.array([_random_spread(layer.weights, most, columns[level]) for level in levels]),
        awaited=(),
    )


def _columns(source: Source[InputOptions], layer: Layer) -> dict[int, list[Floats]]:
    """Return the kept weights of each column by level, of each chosen replicate."""
    wanted = source.options.replicate
    out: dict[int, list[Floats]] = {}
    for level, by in saved(source).items():
        columns = [layer.sums(tensors, "columns") for replicate, tensors in by.items() if wanted in (None, replicate)]
        if there := [column.astype(np.float64) for column in columns if column is not None]:
            out[level] = there
    return out


def _spaced(levels: list[int], most: int) -> NDArray[np.int64]:
    """Return at most so many levels, evenly spaced, with the first and the last."""
    at = np.linspace(0, len(levels) - 1, min(len(levels), most)).round().astype(np.int64)
    return np.array(levels, dtype=np.int64)[at]


def _relative(kept: Floats, view: View) -> Floats:
    """Return kept weights (n, n_columns) as (n, n_channels, height, width), relative to their means."""
    cells = kept.reshape(-1, *view.shape)
    if view.added:
        cells = cells.sum(axis=1, keepdims=True)
    mean = cells.mean(axis=(1, 2, 3), keepdims=True)
    ratio: Floats = np.divide(cells, mean, out=np.full(cells.shape, np.nan), where=mean > 0)
    return ratio


def _random_spread(weights: int, most: int, columns: list[Floats]) -> float:
    """Return the standard deviation over cells of the mean of random masks with as many weights, relative to it."""
    totals = [int(column.sum()) for column in columns]
    expected = sum(totals) * most / weights
    return math.sqrt(sum(variance(weights, most, kept) for kept in totals)) / expected if expected else math.nan


def _missing(source: Source[InputOptions]) -> tuple[Part, ...]:
    wanted = source.options.replicate
    if wanted is not None and saved(source):
        return (Part(f"Replicate {wanted} has saved no mask{' yet' if source.live else ''}."),)
    return awaited(source)


def _empty(layer: str, view: View | None, why: tuple[Part, ...]) -> InputInfo:
    none, no = np.zeros(0), np.zeros(0, dtype=np.int64)
    return InputInfo(layer, view, no, no, none, np.zeros((0, 0, 0, 0)), np.zeros((0, 0, 0, 0)), none, none, why)


def finding(info: InputInfo) -> list[Part]:
    """Return where the last mask shown keeps most and least, and how far random masks would stray."""
    if info.awaited or info.view is None:
        return list(info.awaited)
    level = int(info.levels[-1])
    if info.density[-1] == 1:
        return [Part(f"At level {level} {info.layer} is not pruned: every {info.view.cell} keeps all its weights.")]
    if info.density[-1] == 0:
        return [Part(f"At level {level} {info.layer} has no weights left.")]
    return [
        Part(f"At level {level}, "), *_where(info, info.view),
        Part(f"; the standard deviation over {info.view.cell}s is {words.significant(float(info.spread[-1]), 2)}, for "
             f"random masks {words.significant(float(info.random_spread[-1]), 2)}."),
    ]  # fmt: skip


def _where(info: InputInfo, view: View) -> list[Part]:
    """Return the border against the middle of a picture; of a kernel, or a picture too small for that, its extremes."""
    picture = info.ratio[-1]
    if not view.kernel and min(picture.shape[1:]) >= 4:
        pairs = np.array([_border_and_middle(one[0]) for one in info.last])
        border, middle = _border_and_middle(picture[0])
        return [
            Part("pixels at the border keep "), *_times(border, pairs[:, 0]),
            Part(" times as many weights as in a random mask, those in the middle "), *_times(middle, pairs[:, 1]),
            Part(" times"),
        ]  # fmt: skip
    most, least = (np.unravel_index(at, picture.shape) for at in (picture.argmax(), picture.argmin()))
    return [
        Part(f"{view.cell} {_place(most, picture)} keeps "), *_times(picture[most], info.last[:, *most]),
        Part(f" times as many weights as in a random mask, the most; {_place(least, picture)} keeps "),
        *_times(picture[least], info.last[:, *least]), Part(" times, the least"),
    ]  # fmt: skip


def _times(mean: float, ratios: Floats) -> list[Part]:
    """Return a ratio, with the least and the most of several replicates."""
    times = [Part(words.significant(float(mean), 2), WINNING_TICKET)]
    if len(ratios) > 1:
        low, high = (words.significant(float(end), 2) for end in (np.nanmin(ratios), np.nanmax(ratios)))
        times.append(Part(f" ({low} to {high})"))
    return times


def _place(at: tuple[np.intp, ...], picture: Floats) -> str:
    channel, row, column = (int(i) for i in at)
    return f"({row}, {column})" + (f" of channel {channel}" if picture.shape[0] > 1 else "")


def _border_and_middle(picture: Floats) -> tuple[float, float]:
    """Return means over the outer eighth on each side, and over the inner half of rows and columns."""
    height, width = picture.shape
    edge = np.ones(picture.shape, np.bool_)
    y, x = max(1, height // 8), max(1, width // 8)
    edge[y : height - y, x : width - x] = False
    middle = picture[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return float(picture[edge].mean()), float(middle.mean())


def draw(info: InputInfo) -> go.Figure:
    """Return the figure: a picture for each level, and for each channel of a kernel, on one scale of colours."""
    where = f"Kept weights per {info.view.cell if info.view else 'pixel'}, {info.layer}"
    pictures = [
        Picture(level, words.density(share), f"channel {channel}" if ratio.shape[0] > 1 else "", cells)
        for level, share, ratio in zip(info.levels.tolist(), info.density.tolist(), info.ratio, strict=True)
        for channel, cells in enumerate(ratio)
    ]
    return picture_grid.draw(
        pictures,
        channels=info.view.rows if info.view else 1,
        cell=info.view.cell if info.view else "pixel",
        title=where,
        finding=finding(info),
        foot=_foot(info),
        n=int(info.n.max(initial=0)),
    )


def _spread_words(info: InputInfo) -> str:
    if info.n.max() == 1:
        return "no spread"
    # A mask that keeps all or nothing has no ratios to give a range of.
    return "mean, in brackets min to max" if len(info.last) > 1 and 0 < info.density[-1] < 1 else "mean"


def _foot(info: InputInfo) -> str:
    if not len(info.n) or info.view is None:
        return "n = 0"
    notes = [
        f"n = {words.by_level(info.n.tolist())}, " + _spread_words(info),
        "1 = as many as a uniformly random mask keeps on average",
    ]
    if info.view.kernel:
        notes.insert(1, f"{info.layer} is a convolution: positions of its kernel instead of pixels")
    if info.view.added and info.view.shape[0] > 1:
        notes.append(f"{info.view.shape[0]} channels summed")
    if info.view.note:
        notes.append(info.view.note)
    if not info.view.kernel:
        notes.append("border = outer eighth, middle = inner half")
    if (block := picture_grid.block(info.view.shape[1:])) > 1:
        notes.append(f"a cell = {block}×{block}")
    return " · ".join(notes)


def table(info: InputInfo) -> dict[str, list[Any]]:
    """Return one row per level, channel and cell; kept in units of what chance gives, the mean over `replicates`.

    Standard deviations are over the cells of a level. At the last level each replicate has its column.
    """
    level, channel, row, column = np.indices(info.ratio.shape)
    at = level.ravel()
    unknown = np.full(info.ratio[:-1].size, np.nan)
    return {
        "level": info.levels[level.ravel()].tolist(),
        "channel": channel.ravel().tolist(),
        "row": row.ravel().tolist(),
        "column": column.ravel().tolist(),
        "kept_relative_to_chance": info.ratio.ravel().tolist(),
        "replicates": info.n[at].tolist(),
        "standard_deviation": info.spread[at].tolist(),
        "random_standard_deviation": info.random_spread[at].tolist(),
        **{f"last_level_{i}": [*unknown.tolist(), *cells.ravel().tolist()] for i, cells in enumerate(info.last)},
    }


ENTRY = FigureEntry(
    "input_density",
    "Kept weights per input pixel",
    "Which input pixels does the ticket use?",
    (),
    InputOptions,
    info,
    draw,
    table,
    artifacts=("pyramid",),
)
