"""Series read back: the chunks of a run as columns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Integer, Select, cast, func, literal, select

from app.contract.training_key import TrainingKey, Value, canonical
from app.records import Series
from app.store import chunks as packed
from app.store.lookup import coordinates, key_of
from app.store.sql import CoordinateOf
from app.store.tables import AnyRow, events
from app.store.tables import chunks as table

_TYPES: Mapping[type, type] = {int: np.int64, float: np.float64, str: np.str_}
_COLUMNS = ("replicate", "key", "rows", "names", "data")
Where: TypeAlias = Mapping[str, Value | None]
"""Wanted values of replicate and coordinates; None is any."""


def read(conn: Connection, run_id: str, name: str, where: Where) -> Series:
    """Return all rows of a series by replicate, in the order in which each replicate measures them. Raises NotFound.

    A column that some rows lack is NaN there.
    """
    return unpacked(chunks(conn, run_id, name, where), key_of(conn, run_id))


def chunks(conn: Connection, run_id: str, name: str, where: Where) -> Sequence[AnyRow]:
    """Return the chunks of a series in order, with the wanted values of replicate and coordinates."""
    query = _chunks().where(table.c.run_id == run_id, table.c.series == name)
    wanted = [_holds(column, value) for column, value in where.items() if value is not None]
    return conn.execute(query.where(*wanted)).all()


def _holds(column: str, value: Value) -> ColumnElement[bool]:
    if column == "replicate":
        return table.c.replicate == value
    # Of two texts, so that the database reads both numbers in the same way.
    name, probe = literal(column), literal(canonical({column: value}))
    return CoordinateOf(table.c.key, name) == CoordinateOf(probe, name)


def chunks_of(
    conn: Connection, run_ids: Collection[str], names: Collection[str]
) -> dict[tuple[str, str], list[AnyRow]]:
    """Return the chunks of several series of several runs by run and name."""
    rows_of: dict[tuple[str, str], list[AnyRow]] = {(run_id, name): [] for run_id in run_ids for name in names}
    for row in conn.execute(_chunks().where(table.c.run_id.in_(run_ids), table.c.series.in_(names))):
        rows_of[row.run_id, row.series].append(row)
    return rows_of


def of_several(conn: Connection, run_ids: Collection[str], name: str, where: Where) -> dict[str, list[AnyRow]]:
    """Return the chunks of one series of several runs by run in one statement, each with the time `at` of its event."""
    wanted = [_holds(column, value) for column, value in where.items() if value is not None]
    columns = (*(table.c[column] for column in (*_COLUMNS, "run_id")), events.c.at)
    query = (
        select(*columns)
        .join(events, (events.c.run_id == table.c.run_id) & (events.c.seq == table.c.seq))
        .where(table.c.run_id.in_(run_ids), table.c.series == name, *wanted)
        .order_by(table.c.replicate, table.c.ordinal)
    )
    rows_of: dict[str, list[AnyRow]] = {run_id: [] for run_id in run_ids}
    for row in conn.execute(query):
        rows_of[row.run_id].append(row)
    return rows_of


def timed(chunks: Sequence[AnyRow], key: type[TrainingKey]) -> Series:
    """Return the rows of chunks with column `at`: when each was stored, in seconds since the epoch."""
    whole = unpacked(chunks, key)
    at = np.repeat(np.array([row.at for row in chunks], np.float64), [row.rows for row in chunks])
    return Series({**whole.columns, "at": at}, whole.coordinates)


def of(chunks: Sequence[AnyRow], where: Where) -> list[AnyRow]:
    """Return those of the chunks that have the wanted values of replicate and coordinates."""
    wanted = [(column, value) for column, value in where.items() if value is not None]
    return [row for row in chunks if all(_value(row, column) == value for column, value in wanted)]


def _value(row: AnyRow, column: str) -> Value | None:
    replicate: int = row.replicate
    return replicate if column == "replicate" else coordinates(row.key).get(column)


def unpacked(chunks: Sequence[AnyRow], key: type[TrainingKey]) -> Series:
    """Return the rows of chunks of one series of a run with this key; a column that some rows lack is NaN there."""
    declared = key.coordinates()
    types = {"replicate": np.int64, **{coordinate.name: _TYPES[coordinate.type] for coordinate in declared}}
    names = tuple(coordinate.name for coordinate in declared)
    if not chunks:
        return Series({column: np.array([], dtype=dtype) for column, dtype in types.items()}, names)
    replicates, keys, lengths, layouts, data = zip(*(row[: len(_COLUMNS)] for row in chunks), strict=True)
    keys_read = [coordinates(key) for key in keys]
    values = {"replicate": replicates, **{name: [key_of_row[name] for key_of_row in keys_read] for name in names}}
    columns: dict[str, NDArray[Any]] = {
        column: np.repeat(np.array(values[column], dtype=dtype), lengths) for column, dtype in types.items()
    }
    return Series(columns | measured(lengths, layouts, data), names)


def _chunks() -> Select[Any]:
    columns = (table.c[column] for column in (*_COLUMNS, "run_id", "series"))
    return select(*columns).order_by(table.c.replicate, table.c.ordinal)


def newest_level(conn: Connection, run_id: str, names: Collection[str]) -> int | None:
    """Return the highest level that any of these series has rows of; None without any."""
    level = cast(CoordinateOf(table.c.key, literal("level")), Integer)
    query = select(func.max(level)).where(table.c.run_id == run_id, table.c.series.in_(names))
    newest: int | None = conn.execute(query).scalar()
    return newest


def measured(lengths: Sequence[int], layouts: Sequence[str], data: Sequence[bytes]) -> dict[str, NDArray[np.float64]]:
    """Return the packed chunks as columns; `layouts` are the JSON names of each chunk's columns."""
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
