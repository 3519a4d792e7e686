"""The table of reports comes and goes, on both databases, and nothing else with it."""

import pytest
from alembic import command
from sqlalchemy import inspect, text

from app.contract.experiment import FieldError
from app.store import Store
from app.store.database import Database
from app.store.migrate import config


def test_what_is_no_report_is_refused(store: Store) -> None:
    for name, words in (("", "x"), ("two\nlines", "x"), ("long", "x" * 100_001), ("nul", "\0")):
        with pytest.raises(FieldError):
            store.add_report(name, words)
    assert store.reports() == []


def test_the_migration_goes_up_and_down(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0025")
        connection.execute(text("INSERT INTO comments (id, text, created_at) VALUES ('c', 'x', 1.0)"))
        before = set(inspect(connection).get_table_names())
        command.upgrade(config(connection), "0026")
        assert set(inspect(connection).get_table_names()) == before | {"reports"}
        command.downgrade(config(connection), "0025")
        assert set(inspect(connection).get_table_names()) == before
        assert connection.scalar(text("SELECT text FROM comments")) == "x"
    database.dispose()
