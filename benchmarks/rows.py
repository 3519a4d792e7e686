"""Many rows into a table at once: by COPY into PostgreSQL, in one go into SQLite; values as the store writes them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table

from app.store.sql import Json


def insert(conn: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows, all of which have the columns of the first."""
    rows = list(rows)
    if not rows:
        return
    names = list(rows[0])
    json = {name for name in names if isinstance(table.c[name].type, Json)}
    encode = Json().process_bind_param
    dialect = conn.dialect
    values = (tuple(encode(row[name], dialect) if name in json else row[name] for name in names) for row in rows)
    columns = ", ".join(f'"{name}"' for name in names)
    cursor: Any = conn.connection.cursor()
    if dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", values)
        return
    with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for value in values:
            copy.write_row(value)
