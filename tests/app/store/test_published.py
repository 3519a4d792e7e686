"""The tables of published links come and go, on both databases, and nothing else with them."""

from alembic import command
from sqlalchemy import inspect, text

from app.store.database import Database
from app.store.migrate import config

NEW = {"published", "published_runs"}


def test_the_migration_goes_up_and_down(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0015")
        connection.execute(
            text(
                "INSERT INTO users (id, name, folded, password, role, created_at) "
                "VALUES ('u', 'mia', 'mia', 'x', 'member', 1.0)"
            )
        )
        before = set(inspect(connection).get_table_names())
        command.upgrade(config(connection), "0016")
        assert set(inspect(connection).get_table_names()) == before | NEW
        row = "INSERT INTO published (id, secret, what, key, query, user_id, created_at) VALUES "
        connection.execute(text(row + "('l', 's', 'run', '', '', 'u', 1.0)"))
        command.downgrade(config(connection), "0015")
        assert set(inspect(connection).get_table_names()) == before
        assert connection.scalar(text("SELECT name FROM users")) == "mia"
    database.dispose()
