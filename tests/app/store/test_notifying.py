"""Where notifications may be sent, and the way of their tables up and down."""

import pytest
from alembic import command
from sqlalchemy import inspect, text, update

from app.contract.experiment import FieldError
from app.store import Claim, Store
from app.store.database import Database
from app.store.migrate import config
from app.store.notifying import checked
from app.store.tables import runs

BAD = (
    ("webhook", "ftp://e.example"),
    ("webhook", "http://"),
    ("webhook", "https://a:b@e.example/"),
    ("webhook", "javascript:x"),
    ("webhook", "http://e.example/\r\nX: y"),
    ("webhook", "http://[::1"),
    ("webhook", "http://e.example:99999/"),
    ("email", "ada"),
    ("email", "a@b.c\nBcc: x@y.z"),
    ("email", "a@b.c,x@y.z"),
    ("email", "<a@b.c>"),
    ("email", "a@b.c " * 200),
    ("pigeon", "x"),
)


@pytest.mark.parametrize(("kind", "target"), BAD)
def test_what_is_no_address_is_refused(kind: str, target: str) -> None:
    with pytest.raises(FieldError):
        checked(kind, target)


def test_the_migration_goes_up_and_down(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0024")
        connection.execute(text("INSERT INTO comments (id, text, created_at) VALUES ('c', 'x', 1.0)"))
        before = set(inspect(connection).get_table_names())
        command.upgrade(config(connection), "0025")
        assert set(inspect(connection).get_table_names()) == before | {"notices", "channels", "deliveries"}
        command.downgrade(config(connection), "0024")
        assert set(inspect(connection).get_table_names()) == before
        assert connection.scalar(text("SELECT text FROM comments")) == "x"
    database.dispose()


def test_an_owner_without_an_account_here_keeps_no_run_from_ending(store: Store, claim: Claim) -> None:
    with store._db.write() as conn:
        conn.execute(update(runs).where(runs.c.id == claim.run_id).values(owner_id="elsewhere"))
    held: Claim | None = claim
    while held is not None:
        store.finish(held.shard_id, held.token)
        held = store.claim("cpu", "w1")
    assert store.run(claim.run_id).state == "finished"
    assert store.notice_page(10).items == ()
