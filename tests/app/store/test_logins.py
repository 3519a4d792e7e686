"""Logins that must wait: they count for nothing."""

from sqlalchemy import func, select, update

from app.store import Store, logins
from app.store.people_tables import logins as table
from app.store.sql import Now

FIRST, SECOND = "192.0.2.1", "192.0.2.2"


def test_a_login_that_must_wait_makes_the_wait_no_longer(store: Store) -> None:
    tried = [store.try_login("ada", FIRST) for _ in range(logins.OF_BOTH)]
    assert tried == [0.0] * logins.OF_BOTH
    waits = [store.try_login("ada", FIRST) for _ in range(5)]
    assert all(logins.WINDOW_S - 60 < wait <= logins.WINDOW_S for wait in waits)
    with store._db.write() as conn:
        oldest = conn.scalar(select(func.min(table.c.id)))
        conn.execute(update(table).where(table.c.id == oldest).values(at=Now() - logins.WINDOW_S - 1))
    assert store.try_login("ada", FIRST) == 0


def test_one_address_keeps_nobody_out_elsewhere_and_fills_no_store(store: Store) -> None:
    for _ in range(logins.OF_NAME + 1):
        store.try_login("ada", FIRST)
    assert store.try_login("ada", SECOND) == 0
    with store._db.read() as conn:
        assert conn.scalar(select(func.count()).select_from(table)) == logins.OF_BOTH + 1
