"""The schema can be taken back, with rows in every table, and comes again; what is of before stays as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, insert, select

from app.store import Conflict, Store
from app.store.database import Database
from app.store.migrate import changing, downgrade, upgrade
from app.store.tables import FIRST_REVISION, REVISION, metadata
from tests.app.backups.filled import contents, fill

RENAMED = {"turn_at": "due_at", "held_s": "slot_s", "told_s": "estimated_s"}


@pytest.fixture
def filled(new_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store with rows in every table."""
    store = Store(new_url, str(tmp_path / "artifacts"))
    store.migrate()
    fill(store)
    store.close()
    yield store
    store.close()


def test_each_migration_goes_down_and_up_with_rows_in_place(filled: Store) -> None:
    before = contents(filled)
    with changing(filled.database) as conn:
        newest = MetaData()
        newest.reflect(conn, only=list(metadata.tables))
        original = {
            table.name: {column.name: conn.scalars(select(column)).all() for column in table.columns}
            for table in newest.sorted_tables
        }
        for revision in range(int(REVISION) - 1, int(FIRST_REVISION) - 1, -1):
            downgrade(conn, f"{revision:04}")
            assert conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == f"{revision:04}"
        first = MetaData()
        first.reflect(conn, only=lambda name, _: name in metadata.tables)
        left = {
            table.name: {column.name: conn.scalars(select(column)).all() for column in table.columns}
            for table in first.sorted_tables
        }
        for revision in range(int(FIRST_REVISION) + 1, int(REVISION) + 1):
            upgrade(conn, f"{revision:04}")
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        again = MetaData()
        again.reflect(conn, only=list(left))
        for name, columns in left.items():
            for column, values in columns.items():
                now = again.tables[name].c[RENAMED.get(column, column)]
                assert conn.scalars(select(now)).all() == values == original[name][now.name], f"{name}.{column}"
    after = contents(filled)
    kept = {"runs", "shards", "events", "chunks", "artifacts", "installation"}
    assert kept <= set(left)
    for name in kept - {"runs", "shards", "installation"}:
        assert after[name] == before[name]
    assert all(len(after[name]) == len(before[name]) for name in kept)


def test_the_earlier_program_finds_tables_that_it_can_fill(filled: Store) -> None:
    filled.migrate_back(FIRST_REVISION)
    with filled.database.write() as conn:
        tables = MetaData()
        tables.reflect(conn, only=["runs"])
        row = {**conn.execute(select(tables.tables["runs"])).mappings().first(), "id": "new"}  # type: ignore[dict-item]
        conn.execute(insert(tables.tables["runs"]), [row])
    filled.close()
    filled.migrate()
    assert filled.trouble() is None


@pytest.mark.parametrize("revision", ["", "0005", "9999", REVISION, "x", "head", "-1", "0015; DROP TABLE runs"])
def test_only_an_earlier_revision_is_taken(filled: Store, revision: str) -> None:
    with pytest.raises(Conflict, match="not an earlier revision"):
        filled.migrate_back(revision)
    assert filled.trouble() is None


def test_who_is_connected_keeps_the_schema(filled: Store) -> None:
    other = Database(filled.database_url)
    with other.read() as conn:
        conn.execute(select(metadata.tables["runs"].c.id)).all()
        with pytest.raises(Exception, match="in use: stop all webs"):
            filled.migrate_back(FIRST_REVISION)
    other.dispose()
    assert filled.trouble() is None
