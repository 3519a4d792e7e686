"""Damages SQLite files as disks do."""

import sqlite3
from contextlib import closing
from pathlib import Path


def zero_pages(database: Path, *tables: str) -> None:
    """Overwrite the first page of each table with zeros, behind SQLite's back."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        pages = [connection.execute(query, (table,)).fetchone()[0] for table in tables]
    with database.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(bytes(size))
