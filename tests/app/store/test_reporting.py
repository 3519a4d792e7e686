"""Reports on both databases: their table comes and goes, pages hold each once, and one of two edits wins."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import inspect, text

from app.contract.experiment import FieldError
from app.store import Store
from app.store.database import Database
from app.store.errors import Conflict
from app.store.migrate import config
from app.store.notices import put


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


def test_of_those_who_edit_one_version_at_once_one_wins(store: Store) -> None:
    report = store.add_report("Ours", "one")
    together = threading.Barrier(4)

    def edit(number: int) -> bool:
        together.wait()
        try:
            store.edit_report(report.id, text=f"by {number}", version=report.version)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(edit, range(4)))
    assert won.count(True) == 1
    assert store.report(report.id).text == f"by {won.index(True)}"


def test_pages_of_reports_and_notifications_hold_each_once(store: Store) -> None:
    for number in range(5):
        store.add_report(f"number {number}", "")
    with store._db.write() as conn:
        for number in range(5):
            put(conn, [None], "finished", "run", "0" * 10, f"number {number}")
    names = {f"number {number}" for number in range(5)}
    one = store.report_page(2)
    two = store.report_page(2, one.next)
    three = store.report_page(2, two.next)
    assert {item.name for item in (*one.items, *two.items, *three.items)} == names
    first = store.notice_page(3)
    second = store.notice_page(3, first.next)
    assert [item.text for item in (*first.items, *second.items)] == sorted(names, reverse=True)
    assert (three.next, second.next) == (None, None)
    store.read_notices(2**31 - 1)
    assert store.notice_page(3, unread=True).items == ()
