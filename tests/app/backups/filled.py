"""A row or two in every table there is, and what a store holds, to be compared with another's."""

from base64 import b64encode
from typing import Any

from sqlalchemy import Boolean, Column, Double, Integer, LargeBinary, Table, insert, select

from app.store import Store
from app.store.sql import Json
from app.store.tables import installation, metadata

ODD = 'é " \\ \n\t \u2028 <b> 2.5'


def fill(store: Store) -> list[str]:
    """Insert rows of every type of value into every table; returns hashes of artifacts that the rows name."""
    hashes = [store.artifacts_store.put(data) for data in (b"first", b"", bytes(range(256)) * 5000)]
    rows: dict[str, list[dict[str, Any]]] = {}
    with store.database.write() as conn:
        for table in metadata.sorted_tables:
            if table is installation:
                continue
            rows[table.name] = [_row(table, number, rows) for number in (1, 2)]
            if table.name == "artifacts":
                for number, row in enumerate(rows["artifacts"]):
                    row |= {"sha256": hashes[number]}
            if table.name == "shards":
                rows["shards"][1]["checkpoints"] = [{"sha256": hashes[2], "next_ordinal": 0}]
            conn.execute(insert(table), rows[table.name])
    return hashes


def contents(store: Store) -> dict[str, list[str]]:
    """Return every row of every table, in an order of their own, with the exact type and value of each column."""
    with store.database.read() as conn:
        return {
            table.name: sorted(repr(tuple(row)) for row in conn.execute(select(*_plain(table))))
            for table in metadata.sorted_tables
        }


def artifacts(store: Store) -> dict[str, str]:
    """Return the bytes of every artifact, by hash."""
    return {sha256: b64encode(store.artifacts_store.get(sha256)).decode() for sha256 in store.artifacts_store.hashes()}


def _plain(table: Table) -> list[Any]:
    # The text of JSON, so that nothing is lost between two readings of it.
    columns = [column for column in table.columns if column is not installation.c.kept_until]  # a backup renews it
    return [column.cast(Json.impl) if isinstance(column.type, Json) else column for column in columns]


def _row(table: Table, number: int, rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {column.name: _value(column, number, rows) for column in table.columns}


def _value(column: Column[Any], number: int, rows: dict[str, list[dict[str, Any]]]) -> Any:
    for key in column.foreign_keys:
        return rows[key.column.table.name][number - 1][key.column.name]
    if column.nullable and not column.primary_key and number == 2:
        return None
    kind = column.type
    if isinstance(kind, Json):
        return {} if column.name in ("axes", "spec") else []
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) * number
    if isinstance(kind, Boolean):
        return number == 1
    if isinstance(kind, Integer):
        return 1000 + number
    if isinstance(kind, Double):
        return (0.1 + 0.2) * number
    length = getattr(kind, "length", None) or 40
    return f"{column.name[:4]}{number}{ODD if length > 20 else ''}"[:length]
