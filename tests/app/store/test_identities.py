"""The table of logins elsewhere comes and goes, on both databases, and nothing else with it."""

from alembic import command
from sqlalchemy import inspect, text

from app.store import Store
from app.store.database import Database
from app.store.identities import Identity
from app.store.migrate import config
from tests.app.store.test_accounts import HASH, first_admin


def test_the_migration_goes_up_and_down(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    user = "INSERT INTO users (id, name, folded, password, role, created_at) VALUES ('u', 'm', 'm', 'x', 'member', 1.0)"
    with database.write() as connection:
        command.upgrade(config(connection), "0016")
        connection.execute(text(user))
        before = set(inspect(connection).get_table_names())
        command.upgrade(config(connection), "0017")
        assert set(inspect(connection).get_table_names()) == before | {"identities"}
        connection.execute(text("INSERT INTO identities VALUES ('i', 'u', 'https://lab', 1.0)"))
        command.downgrade(config(connection), "0016")
        assert set(inspect(connection).get_table_names()) == before
        assert connection.scalar(text("SELECT name FROM users")) == "m"
    database.dispose()


def test_a_name_that_is_taken_gets_the_next_number(store: Store) -> None:
    first_admin(store)
    names = []
    for n in range(4):
        session = store.come_in(Identity("https://lab", str(n), "Ada"), new="viewer")
        visitor = store.visitor(session)
        assert visitor is not None
        names.append(visitor.name)
    assert names == ["Ada-2", "Ada-3", "Ada-4", "Ada-5"]
    assert store.password_of("ada") == (store.people_page("ada", "", 1)[0].id, HASH)


def test_the_first_admin_may_come_by_it(store: Store) -> None:
    link = store.switch_accounts_on()
    assert link is not None
    visitor = store.visitor(store.come_in(Identity("https://lab", "1", "ada"), new=None, link=link))
    assert visitor is not None
    assert visitor.role == "admin"
