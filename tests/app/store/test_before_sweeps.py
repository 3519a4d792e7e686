"""A filled database of before sweeps, and one with sweeps of before early stops, come through their migrations."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from app.continuing import continue_sweep
from app.kinds.lottery.spec import LotterySpec
from app.queue import Queue
from app.store import Store
from app.store.database import Database
from app.store.migrate import config
from app.store.submissions import Once
from app.sweeps.plan import Pruner
from tests.app.store.test_sweeps import end

RUN = "1r5kaaaaaa"
MEMBER = "1r5kbbbbbb"
SWEEP = "1r5kcccccc"


@pytest.fixture
def upgraded(new_url: str, tmp_path: Path, spec: LotterySpec) -> Iterator[Store]:
    """A run stored at 0009, a sweep with a queued and a purged member stored at 0010, migrated to the newest."""
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    stored = json.dumps(spec.model_dump(mode="json"))
    a_run = {"id": RUN, "name": "before", "state": "finished", "spec": stored, "search": "\nbefore\n", "sweep": None}
    with database.write() as connection:
        command.upgrade(config(connection), "0009")
        columns = (
            "id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, created_at, last_seq"
        )
        values = ":id, :name, 'lottery', 'lenet_300_100', 'digits', :spec, 0, :state, '[]', '', :search, '{}', 1.0, 0"
        connection.execute(text(f"INSERT INTO runs ({columns}) VALUES ({values})"), a_run)
        command.upgrade(config(connection), "0010")
        connection.execute(
            text(f"INSERT INTO runs ({columns}, sweep_id) VALUES ({values}, :sweep)"),
            {**a_run, "id": MEMBER, "name": "member", "state": "queued", "sweep": SWEEP},
        )
        connection.execute(
            text(
                "INSERT INTO shards (run_id, replicate, state, queue, work, attempt, tries, checkpoints, next_ordinal, "
                "done, total, note) VALUES (:run, :replicate, 'queued', 'any', 0, 0, 0, '[]', 0, 0, 300, '')"
            ),
            [{"run": MEMBER, "replicate": 0}, {"run": MEMBER, "replicate": 1}],
        )
        connection.execute(
            text(
                "INSERT INTO sweeps (id, name, kind, spec, axes, sampler, objective, budget, stop, state, note, tags, "
                "notes, created_at) VALUES (:id, 'old sweep', 'lottery', :spec, :axes, :sampler, "
                "'last_ticket_validation_accuracy', :budget, '{}', 'open', '', '[\"a\"]', 'why', 2.0)"
            ),
            {"id": SWEEP, "spec": stored, "axes": json.dumps({"seed": {"values": [0, 1, 2]}}),
             "sampler": json.dumps({"kind": "grid", "seed": 0}), "budget": json.dumps({"at_once": 1})},
        )  # fmt: skip
        connection.execute(
            text(
                'INSERT INTO sweep_members (sweep_id, position, run_id, "values") VALUES (:sweep, :at, :run, :values)'
            ),
            [{"sweep": SWEEP, "at": 0, "run": None, "values": '{"seed":0}'},
             {"sweep": SWEEP, "at": 1, "run": MEMBER, "values": '{"seed":1}'}],
        )  # fmt: skip
    database.dispose()
    store = Store(new_url, str(tmp_path / "artifacts"))
    store.migrate()
    yield store
    store.close()


def test_runs_and_sweeps_of_before_are_read_as_they_were(upgraded: Store, spec: LotterySpec) -> None:
    run = upgraded.run(RUN)
    assert (run.name, run.state, run.spec, run.sweep, run.stopped) == ("before", "finished", spec, None, None)
    assert [each.id for each in upgraded.runs(q=f"sweep:{SWEEP}").items] == [MEMBER]
    sweep = upgraded.sweep(SWEEP)
    assert (sweep.name, sweep.tags, sweep.notes, sweep.counts) == ("old sweep", ("a",), "why", {"gone": 1, "queued": 1})
    assert (sweep.deleted_at, sweep.pruner, sweep.is_open) == (None, Pruner(), True)
    assert [(each.values, each.run, each.reports, each.stopped) for each in upgraded.members(SWEEP)] == [
        ({"seed": 0}, None, (), None), ({"seed": 1}, MEMBER, (), None)
    ]  # fmt: skip


def test_a_sweep_of_before_goes_on(upgraded: Store) -> None:
    end(upgraded, MEMBER)
    (started,) = continue_sweep(upgraded, Queue(""), SWEEP)
    assert upgraded.run(started).spec.model_dump()["seed"] == 2
    assert not upgraded.sweep(SWEEP).is_open
    upgraded.bin_sweep(SWEEP, with_runs=True)
    assert upgraded.restore_sweep(SWEEP)[1] == sorted([MEMBER, started])


def test_a_run_of_before_and_a_new_request_stand_side_by_side(upgraded: Store, spec: LotterySpec) -> None:
    once = Once("a" * 64, "b" * 64)
    new = upgraded.create_run(spec, name="new", once=once)
    assert upgraded.create_run(spec, name="new", once=once).id == new.id
    upgraded.bin_run(RUN)
    upgraded.purge_run(RUN)
    assert {run.id for run in upgraded.runs().items} == {MEMBER, new.id}
