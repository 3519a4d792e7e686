"""Lists, searches, orders and groups read facts from indexes alone, however many runs there are."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import event, inspect, text

from app.kinds.lottery.spec import LotterySpec
from app.search.facts import Fact, leaf_of
from app.search.fields import fact_fields, is_alone
from app.store import Store
from app.store.database import Database
from app.store.facts import named
from app.store.migrate import config

READS: dict[str, Callable[[Store], object]] = {
    "a field": lambda store: store.runs(q="optimizer:adam lr>1e-3"),
    "a measure": lambda store: store.runs(q="accuracy@5%>0.9"),
    "by a field": lambda store: store.runs(sort="optimizer.lr"),
    "by words": lambda store: store.runs(sort="-optimizer"),
    "by a measure": lambda store: store.runs(sort="-result.accuracy@5%"),
    "groups": lambda store: store.groups("optimizer", columns=["result.accuracy", "result.accuracy@5%", "lr"]),
    "groups by a measure": lambda store: store.groups("verdict", columns=["accuracy"], sort="-accuracy"),
    "runs of a group": lambda store: store.runs(within=("optimizer", "adam")),
}


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        found.append((statement, parameters))

    event.listen(store._db.reader, "before_cursor_execute", note)
    yield found
    event.remove(store._db.reader, "before_cursor_execute", note)


def steps(store: Store, asked: list[tuple[str, Any]]) -> list[str]:
    """How SQLite goes about these statements."""
    queries = [each for each in asked if each[0].startswith(("SELECT", "WITH"))]
    with store._db.read() as conn:
        plans = [conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all() for query, values in queries]
    return [row[3] for plan in plans for row in plan]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_facts_are_read_from_indexes_that_hold_all_of_it(
    store: Store, spec: LotterySpec, read: Callable[[Store], object]
) -> None:
    store.create_run(spec, name="r")
    with statements(store) as asked:
        read(store)
    plans = steps(store, asked)
    of_facts = [step for step in plans if step.startswith(("SCAN facts", "SEARCH facts"))]
    assert of_facts
    assert all(re.match(r"SEARCH facts(_1)? USING COVERING INDEX", step) for step in of_facts), of_facts
    # Every run is looked at for its id alone: the rows that are shown are found by it.
    assert "SCAN runs" not in plans, plans


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_columns_of_groups_are_looked_up_by_run(store: Store) -> None:
    with statements(store) as asked:
        store.groups("accuracy@20%", columns=["accuracy", "accuracy@5%", "lr"])
    grouped = [item for item in asked if "GROUP BY" in item[0]]
    of_facts = [step for step in steps(store, grouped) if " facts" in step]
    assert len(of_facts) >= 3
    # The index by shares would be read to its end for each run.
    assert not [step for step in of_facts if "(leaf=? AND run_id=?)" not in step and "(leaf=?)" not in step], of_facts


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_runs_of_each_state_are_counted_in_an_index(store: Store) -> None:
    with statements(store) as asked:
        store.count_runs()
        store.count_unmeasured()
    plans = steps(store, asked)
    assert "ix_runs_listed" in plans[0], plans
    (of_runs,) = [step for step in plans[1:] if " runs" in step]  # among other counts in one statement
    assert "ix_runs_unmeasured" in of_runs, plans


def test_a_path_is_compared_only_where_others_end_alike(store: Store) -> None:
    assert not is_alone("model.width")
    assert not is_alone("width")
    assert is_alone("optimizer.lr")
    for path in fact_fields():
        assert ("facts.path" in str(named(path))) == ("." in path and not is_alone(path)), path
    assert leaf_of("model.width") == leaf_of("width")


def test_fields_that_end_alike_are_kept_apart(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="r")
    store.measure(run.id, run.last_seq, [Fact("model.width", 64.0), Fact("width", 8.0)])
    assert [store.count_matching(q) for q in ("model.width:64", "model.width:8", "width:8", "width:64")] == [1, 0, 1, 1]
    assert [item.value for item in store.groups("model.width").items] == ["64"]
    assert [item.value for item in store.groups("width").items] == ["64, 8"]


def test_a_database_of_before_gets_the_indexes(new_url: str, tmp_path: Path) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    now = {"ix_facts_run_id", "ix_facts_numbers", "ix_facts_texts", "ix_facts_shares", "ix_facts_of_runs"}
    with database.write() as connection:
        command.upgrade(config(connection), "0011")
        assert "ix_facts_leaf_number" in names(connection, "facts")
        command.upgrade(config(connection), "0018")
        assert names(connection, "facts") == now
        assert "ix_runs_listed" in names(connection, "runs")
        assert "ix_shards_workers" in names(connection, "shards")
        command.downgrade(config(connection), "0017")
        assert names(connection, "facts") == now - {"ix_facts_shares"}
        assert "ix_shards_workers" not in names(connection, "shards")
        command.upgrade(config(connection), "head")
        assert names(connection, "facts") == now
    database.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_values_within_a_field_have_statistics_of_their_own(store: Store) -> None:
    with store._db.read() as conn:
        made = set(conn.scalars(text("SELECT stxname FROM pg_statistic_ext")))
    assert made == {"facts_numbers", "facts_texts", "facts_shares"}


def names(connection: Any, table: str) -> set[str | None]:
    return {index["name"] for index in inspect(connection).get_indexes(table)}
