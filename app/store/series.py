"""Series read back: the chunks of a run as columns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from app.records import Series
from app.store import chunks as packed
from app.store.lookup import exists
from app.store.tables import AnyRow
from app.store.tables import chunks as table

_PLACE: dict[str, type] = {"replicate": np.int64, "level": np.int64, "branch": np.str_, "draw": np.int64}
_COLUMNS = (*_PLACE, "rows", "names", "data")
Where: TypeAlias = Mapping[str, str | int | None]


def read(
    conn: Connection, run_id: str, name: str, *, branch: str | None, replicate: int | None, level: int | None
) -> Series:
    """All rows of a series by replicate, in the order in which each replicate measures them. Raises NotFound.

    A column that some rows lack is NaN there.
    """
    found = chunks(conn, run_id, name, {"branch": branch, "replicate": replicate, "level": level})
    if not found:
        exists(conn, run_id)
    return unpacked(found)


def chunks(conn: Connection, run_id: str, name: str, where: Where) -> Sequence[AnyRow]:
    """Return the chunks of a series in order, with the wanted values of branch, replicate and level."""
    query = _chunks().where(table.c.run_id == run_id, table.c.series == name)
    wanted = [table.c[column] == value for column, value in where.items() if value is not None]
    return conn.execute(query.where(*wanted)).all()


def chunks_of(
    conn: Connection, run_ids: Collection[str], names: Collection[str]
) -> dict[tuple[str, str], list[AnyRow]]:
    """Return the chunks of several series of several runs by run and name."""
    found: dict[tuple[str, str], list[AnyRow]] = {(run_id, name): [] for run_id in run_ids for name in names}
    for row in conn.execute(_chunks().where(table.c.run_id.in_(run_ids), table.c.series.in_(names))):
        found[row.run_id, row.series].append(row)
    return found


def of(chunks: Sequence[AnyRow], where: Where) -> list[AnyRow]:
    """Return those of the chunks that have the wanted values of branch, replicate and level."""
    wanted = [(column, value) for column, value in where.items() if value is not None]
    return [row for row in chunks if all(getattr(row, column) == value for column, value in wanted)]


def unpacked(chunks: Sequence[AnyRow]) -> Series:
    """Return the rows of chunks of one series; a column that some rows lack is NaN there."""
    if not chunks:
        return Series({column: np.array([], dtype=dtype) for column, dtype in _PLACE.items()})
    *places, lengths, layouts, data = zip(*(row[: len(_COLUMNS)] for row in chunks), strict=True)
    columns: dict[str, NDArray[Any]] = {
        column: np.repeat(np.array(values, dtype=dtype), lengths)
        for (column, dtype), values in zip(_PLACE.items(), places, strict=True)
    }
    return Series(columns | measured(lengths, layouts, data))


def _chunks() -> Select[Any]:
    columns = (table.c[column] for column in (*_COLUMNS, "run_id", "series"))
    return select(*columns).order_by(table.c.replicate, table.c.ordinal)


def newest_level(conn: Connection, run_id: str, names: Collection[str]) -> int | None:
    """The highest level that any of these series has rows of; None without any."""
    query = select(func.max(table.c.level)).where(table.c.run_id == run_id, table.c.series.in_(names))
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
