"""Transactions: one writer at a time, readers undisturbed, foreign keys kept."""

import time
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.store.database import Database
from app.store.sql import Now
from app.store.tables import events, speeds


def test_an_exception_rolls_back(database_url: str) -> None:
    database = Database(database_url)
    row = {"model": "m", "dataset": "d", "batch_size": 1, "device": "cpu", "step_s": 0.1}

    def write_and_fail() -> None:
        with database.write() as connection:
            connection.execute(insert(speeds).values(row))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with database.read() as connection:
        assert connection.execute(select(speeds)).all() == []
    database.dispose()


def test_foreign_keys_are_enforced(database_url: str) -> None:
    database = Database(database_url)
    row = {"run_id": "nobody", "seq": 1, "at": 0.0, "topic": "x", "body": {}}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(events).values(row))
    database.dispose()


def test_a_reader_is_not_blocked_by_a_writer_and_sees_no_half_of_it(database_url: str) -> None:
    database = Database(database_url)
    row = {"model": "m", "dataset": "d", "batch_size": 1, "device": "cpu", "step_s": 0.1}
    with database.write() as writer:
        writer.execute(insert(speeds).values(row))
        with database.read() as reader:
            assert reader.execute(select(speeds)).all() == []
    database.dispose()


def test_now_is_the_wall_clock_and_moves_within_a_transaction(database_url: str) -> None:
    database = Database(database_url)
    with database.read() as connection:
        first = connection.execute(select(Now())).scalar_one()
        time.sleep(0.01)
        assert 0 < connection.execute(select(Now())).scalar_one() - first < 5
    assert abs(first - time.time()) < 5
    database.dispose()


def test_sqlite_runs_in_wal_and_its_readers_cannot_write(migrated_sqlite: Path) -> None:
    database = Database(f"sqlite:///{migrated_sqlite}")
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        with pytest.raises(OperationalError, match="readonly"):
            connection.execute(text("DELETE FROM speeds"))
    database.dispose()


def test_only_a_hasty_commit_does_not_wait_for_the_disk(migrated_sqlite: Path) -> None:
    database = Database(f"sqlite:///{migrated_sqlite}")
    levels = []
    for hasty in (False, True, False):
        with database.write(hasty=hasty) as connection:
            levels.append(connection.execute(text("PRAGMA synchronous")).scalar())
    full, normal = 2, 1
    assert levels == [full, normal, full]
    database.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name"])
def test_databases_that_would_not_work_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database URL"):
        Database(url)


def test_a_plain_postgresql_url_gets_the_driver_that_is_installed() -> None:
    database = Database("postgresql://user@host/name")
    assert database.url.drivername == "postgresql+psycopg"
    assert not database.is_sqlite


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("allowed", "work_mem"), [("4MB", "32MB"), ("64MB", "64MB")])
def test_a_session_of_postgresql_is_set_up_for_lists_of_many_runs(
    database_url: str, allowed: str, work_mem: str
) -> None:
    url = make_url(database_url).update_query_dict({"options": f"-c work_mem={allowed}"})
    database = Database(url.render_as_string(hide_password=False))
    with database.read() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in ("jit", "plan_cache_mode", "work_mem")]
    database.dispose()
    assert shown == ["off", "force_custom_plan", work_mem]
