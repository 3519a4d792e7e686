"""Series read back: the chunks of a run as columns."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from app.records import Series
from app.store import chunks as packed
from app.store.lookup import exists
from app.store.tables import chunks

_PLACE: dict[str, type] = {"replicate": np.int64, "level": np.int64, "branch": np.str_, "draw": np.int64}


def read(
    conn: Connection, run_id: str, name: str, *, branch: str | None, replicate: int | None, level: int | None
) -> Series:
    """All rows of a series by replicate, in the order in which each replicate measures them. Raises NotFound.

    A column that some rows lack is NaN there.
    """
    query = (
        select(*(chunks.c[column] for column in (*_PLACE, "rows", "names", "data")))
        .where(chunks.c.run_id == run_id, chunks.c.series == name)
        .order_by(chunks.c.replicate, chunks.c.ordinal)
    )
    for column, value in (("branch", branch), ("replicate", replicate), ("level", level)):
        if value is not None:
            query = query.where(chunks.c[column] == value)
    rows = conn.execute(query).all()
    if not rows:
        exists(conn, run_id)
        return Series({column: np.array([], dtype=dtype) for column, dtype in _PLACE.items()})
    *places, lengths, layouts, data = zip(*rows, strict=True)
    columns: dict[str, NDArray[Any]] = {
        column: np.repeat(np.array(values, dtype=dtype), lengths)
        for (column, dtype), values in zip(_PLACE.items(), places, strict=True)
    }
    return Series(columns | measured(lengths, layouts, data))


def newest_level(conn: Connection, run_id: str, names: Collection[str]) -> int | None:
    """The highest level that any of these series has rows of; None without any."""
    query = select(func.max(chunks.c.level)).where(chunks.c.run_id == run_id, chunks.c.series.in_(names))
    found: int | None = conn.execute(query).scalar()
    return found


def measured(lengths: Sequence[int], layouts: Sequence[str], data: Sequence[bytes]) -> dict[str, NDArray[np.float64]]:
    """The packed chunks as columns; `layouts` are the JSON names of each chunk's columns."""
    columns: dict[str, NDArray[np.float64]] = {}
    for layout in dict.fromkeys(layouts):
        names: list[str] = orjson.loads(layout)
        mine = [i for i, other in enumerate(layouts) if other == layout]
        table = packed.unpack((data[i] for i in mine), len(names))
        if len(mine) == len(data):
            return dict(zip(names, table, strict=True))
        where = np.repeat(np.isin(np.arange(len(data)), mine), lengths)
        for column, values in zip(names, table, strict=True):
            columns.setdefault(column, np.full(len(where), np.nan))[where] = values
    return columns
