"""Who comes first: by priority, then by what each person has of the slots; real claims, and a clock put forward."""

from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import inspect, select, text

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.records import Priority
from app.store import Conflict, Store
from app.store.acting import Actor, as_person
from app.store.database import Database
from app.store.errors import NotTheirs
from app.store.migrate import config
from app.store.queue_order import AGE_S, in_order
from app.store.sweeps import Next, Start
from app.store.tables import runs
from app.sweeps.plan import Plan
from tests.app.store.test_fair_share import HOUR, Lab
from tests.app.store.test_fair_share import lab as lab


def taken(store: Store) -> list[str]:
    """The names of runs in the order in which a worker takes their shards."""
    names = []
    while (claim := store.claim("cpu", "w")) is not None:
        names.append(store.run(claim.run_id).name)
    return names


def one(store: Store, spec: LotterySpec, name: str, priority: Priority = "normal", owner: str | None = None) -> str:
    with as_person(None if owner is None else Actor(owner)):
        run = store.create_run(spec.model_copy(update={"replicates": 1}), name=name, priority=priority)
    return run.id


def test_a_higher_priority_is_taken_first(store: Store, spec: LotterySpec) -> None:
    priorities: tuple[Priority, ...] = ("low", "normal", "high")
    for priority in priorities:
        one(store, spec, priority, priority)
    assert taken(store) == ["high", "normal", "low"]


def test_it_can_be_changed_while_the_run_waits(store: Store, spec: LotterySpec) -> None:
    first, second = one(store, spec, "first"), one(store, spec, "second")
    assert store.prioritise_run(second, "high").priority == "high"
    assert taken(store) == ["second", "first"]
    store.cancel_run(first)
    store.bin_run(second)
    for run_id in (first, second):
        with pytest.raises(Conflict):
            store.prioritise_run(run_id, "low")


def test_another_person_cannot_change_it(store: Store, spec: LotterySpec) -> None:
    run_id = one(store, spec, "hers", owner="ann")
    with as_person(Actor("bob", only_own=True)), pytest.raises(NotTheirs):
        store.prioritise_run(run_id, "low")
    assert store.run(run_id).priority == "normal"


def test_runs_of_a_sweep_have_its_priority(store: Store, spec: LotterySpec) -> None:
    plan = Plan.model_validate({"spec": spec.model_dump(mode="json"), "axes": {"seed": {"values": [0, 1]}}})
    first = Next([Start({"seed": 0}, spec, "a")], None)
    sweep, (run_id,) = store.create_sweep(plan, first, name="s", priority="low")
    assert (sweep.priority, store.run(run_id).priority) == ("low", "low")
    assert store.prioritise_sweep(sweep.id, "high").priority == "high"
    (second,) = store.continue_sweep(sweep.id, 1, Next([Start({"seed": 1}, spec, "b")], None))
    assert [store.run(each).priority for each in (run_id, second)] == ["high", "high"]


def test_it_is_found_and_sorted_by(store: Store, spec: LotterySpec) -> None:
    priorities: tuple[Priority, ...] = ("normal", "high", "low")
    for priority in priorities:
        one(store, spec, priority, priority)
    assert [run.name for run in store.runs(q="priority:high").items] == ["high"]
    assert {run.name for run in store.runs(q="priority!=high").items} == {"normal", "low"}
    assert [run.name for run in store.runs(sort="-priority").items] == ["high", "normal", "low"]
    page = store.runs(sort="priority", limit=2)
    assert [run.name for run in store.runs(sort="priority", limit=2, cursor=page.next).items] == ["high"]
    with pytest.raises(FieldError):
        store.runs(q="priority:urgent")


def test_people_share_however_many_runs_one_of_them_has(store: Store, spec: LotterySpec) -> None:
    for number in range(6):
        one(store, spec, f"ann {number}", owner="ann")
    for number in range(2):
        one(store, spec, f"bob {number}", owner="bob")
    order = taken(store)
    assert order == ["ann 0", "bob 0", "ann 1", "bob 1", "ann 2", "ann 3", "ann 4", "ann 5"]


def test_the_order_that_is_shown_is_the_one_in_which_they_are_taken(store: Store, spec: LotterySpec) -> None:
    waiting: list[tuple[str, Priority]] = [
        ("ann", "normal"), ("ann", "high"), ("ann", "normal"), ("bob", "normal"), ("cyd", "low"), ("bob", "low"),
    ]  # fmt: skip
    for number, (owner, priority) in enumerate(waiting):
        one(store, spec, f"{number}", priority, owner)
    with store._db.read() as conn:
        shown = [store.run(row.id).name for row in conn.execute(in_order("cpu"))]
    assert taken(store) == shown == ["1", "3", "0", "2", "4", "5"]


def test_people_of_short_and_of_long_shards_get_the_same_time(lab: Callable[[int], Lab]) -> None:
    """Three of them on one slot: the time that each has had decides, not the number of shards."""
    other_lab = lab(1)
    other_lab.submit("ann", 12, 2 * HOUR, owner="ann")
    other_lab.submit("bob", 30, HOUR, owner="bob")
    other_lab.submit("cyd", 60, 0.5 * HOUR, owner="cyd")
    other_lab.run(until=24 * HOUR)
    took = {name: length * len(other_lab.starts(name)) for name, length in (("ann", 2), ("bob", 1), ("cyd", 0.5))}
    # Eight hours each, to within the longest shard.
    assert all(abs(hours - 8) <= 2 for hours in took.values()), took


def test_who_comes_back_shuts_nobody_out(lab: Callable[[int], Lab]) -> None:
    other_lab = lab(1)
    other_lab.submit("ann", 60, HOUR, owner="ann")
    other_lab.run(until=20.5 * HOUR)
    other_lab.submit("bob", 60, HOUR, owner="bob")
    other_lab.run(until=30.5 * HOUR)
    # Half of ten hours, and the hour of credit.
    assert len(other_lab.starts("bob")) == pytest.approx(5.5, abs=1)


@pytest.mark.parametrize(("priority", "patience"), [("normal", 1), ("low", 2)])
def test_a_lower_priority_gets_a_slot_after_a_while(
    lab: Callable[[int], Lab], priority: Priority, patience: int
) -> None:
    other_lab = lab(1)
    other_lab.submit("high", 40, 1200.0, "high", owner="ann")
    other_lab.submit("waits", 4, 1200.0, priority, owner="bob")
    other_lab.run(until=6 * AGE_S)
    starts = other_lab.starts("waits")
    # A slot is free every 1200 s. A run that had one is due again as long after it as it had it.
    assert len(starts) >= 2
    for due, then in zip([0.0, *(at + 2 * 1200.0 for at in starts)], starts, strict=False):
        assert patience * AGE_S - 1 <= then - due <= patience * AGE_S + 1201


def test_age_changes_nothing_where_all_have_one_priority(lab: Callable[[int], Lab]) -> None:
    other_lab = lab(1)
    other_lab.submit("ann", 6, 2 * HOUR, owner="ann")
    other_lab.run(until=1.0)
    other_lab.submit("bob", 3, 2 * HOUR, owner="bob")
    other_lab.run(until=11 * HOUR)
    assert [name for name, _ in other_lab.began] == ["ann", "bob", "ann", "bob", "ann", "bob"]


def test_a_database_of_before_keeps_its_runs_as_normal(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    row = {
        "id": "r0", "name": "r", "kind": "lottery", "model": "m", "dataset": "d", "spec": "{}", "work": 0,
        "state": "queued", "tags": "[]", "notes": "", "search": "", "provenance": "{}", "created_at": 1.0,
        "last_seq": 0,
    }  # fmt: skip
    with database.write() as connection:
        command.upgrade(config(connection), "0019")
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO runs ({', '.join(row)}) VALUES ({values})"), row)
        command.upgrade(config(connection), "head")
        assert connection.execute(select(runs.c.priority)).scalars().all() == [1]
        command.downgrade(config(connection), "0019")
        assert "priority" not in {column["name"] for column in inspect(connection).get_columns("runs")}
        assert not inspect(connection).has_table("shares")
        assert connection.scalar(text("SELECT count(*) FROM runs")) == 1
    database.dispose()


def plan_of(store: Store) -> str:
    """How the database goes about the order of the queue."""
    with store._db.read() as conn:
        statement = in_order("cpu", "w").compile(conn, compile_kwargs={"literal_binds": True})
        ask = "EXPLAIN QUERY PLAN" if store._db.is_sqlite else "EXPLAIN"
        return "\n".join(str(row[-1]) for row in conn.exec_driver_sql(f"{ask} {statement}".replace("%", "%%")))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_order_reads_waiting_runs_by_an_index(store: Store, spec: LotterySpec) -> None:
    one(store, spec, "a run")
    plan = plan_of(store)
    assert "SCAN runs" not in plan, plan
    assert "SCAN shards" not in plan, plan
    assert "ix_runs_listed" in plan, plan
    assert "ix_shards_run_id_state" in plan, plan
