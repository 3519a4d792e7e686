"""The migrated schema is the one that the tables declare, however often and by however many it is asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.store import Store
from app.store.database import Database
from app.store.migrate import config
from app.store.tables import REVISION, metadata
from tests.app.store.crowd import crowd


def test_metadata_and_migrated_schema_agree(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        schema = inspect(connection)
        for table in metadata.tables.values():
            assert schema.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
            nullable = {column["name"]: column["nullable"] for column in schema.get_columns(table.name)}
            assert nullable == {column.name: column.nullable for column in table.columns}
            cascades = {key["constrained_columns"][0]: key["options"] for key in schema.get_foreign_keys(table.name)}
            assert cascades == {key.parent.name: {"ondelete": key.ondelete} for key in table.foreign_keys}
        assert ScriptDirectory.from_config(config(connection)).get_current_head() == REVISION
    database.dispose()


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.migrate()
    assert store.trouble() is None


def test_a_new_database_is_not_ok_before_it_is_migrated(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new' / 'store.db'}", str(tmp_path))
    assert store.trouble() is not None
    with pytest.raises(TimeoutError, match="ticketscope migrate"):
        store.wait_for_revision(0.0)
    store.migrate()
    store.wait_for_revision(0.0)
    store.close()


def test_processes_that_migrate_at_once_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    crowd("from app.store import Store; Store(url, root).migrate()", 4, url=url, root=str(tmp_path))
    store = Store(url, str(tmp_path))
    assert store.trouble() is None
    store.close()


def test_the_store_itself_imports_no_alembic() -> None:
    script = "import sys, app.store; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("kept", ["", "plain"])
def test_commas_in_tags_of_before_become_semicolons(new_url: str, tmp_path: Path, kept: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    tags = [tag for tag in (kept, "lr=0.1,0.2", "A,B", "a;b") if tag]
    with database.write() as connection:
        command.upgrade(config(connection), "0004")
        values = {"tags": json.dumps(tags), "search": "\n".join(["", "r", *(f"#{tag.casefold()}" for tag in tags), ""])}
        connection.execute(
            text(
                "INSERT INTO runs (id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, "
                "created_at, last_seq) VALUES ('r', 'r', 'imported', 'm', 'd', '{}', 0, 'finished', :tags, '', "
                ":search, '{}', 1.0, 0)"
            ),
            values,
        )
        command.upgrade(config(connection), "0005")
        row = connection.execute(text("SELECT tags, search FROM runs")).one()
    database.dispose()
    assert json.loads(row.tags) == [tag.replace(",", ";") for tag in tags]
    assert row.search == values["search"].replace(",", ";")
