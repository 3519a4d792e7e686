"""A database that the code before slot times wrote opens, has the same times and rows, and hands on its shard.

`before_slot_times/` holds what commit fc79d62 wrote: a finished erasure run, and one that a kill left within a stack.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from app.store.tables import shards
from tests.app.in_process import in_process
from tests.written_before import WrittenBefore

BEFORE = WrittenBefore(Path(__file__).parent / "before_slot_times", "0007")
RUNS: dict[str, str] = BEFORE.answers["runs"]


@pytest.fixture
def opened(new_url: str, tmp_path: Path) -> Iterator[Store]:
    """The database of before on either kind of server, migrated to the newest revision."""
    store = BEFORE.opened(new_url, tmp_path / "artifacts")
    yield store
    store.close()


def test_each_shard_has_its_times_under_their_new_names(opened: Store) -> None:
    with opened._db.read() as connection:
        rows = connection.execute(select(shards.c.run_id, shards.c.slot_s, shards.c.estimated_s)).all()
    expected = {
        run_id: (BEFORE.answers["slot_s"][name], BEFORE.answers["estimated_s"][name]) for name, run_id in RUNS.items()
    }
    assert {row.run_id: (row.slot_s, row.estimated_s) for row in rows} == expected
    assert [list(timing) for timing in opened.timings()] == BEFORE.answers["timings"]


def test_rows_and_states_are_as_they_were(opened: Store) -> None:
    assert {name: opened.run(run_id).state for name, run_id in RUNS.items()} == {
        "finished": "finished", "unfinished": "queued",
    }  # fmt: skip
    for name, columns in BEFORE.answers["series"].items():
        run, _, series = name.partition("/")
        table = opened.series(RUNS[run], series)
        assert list(table.columns) == list(columns)
        for column, values in columns.items():
            assert json.dumps(table[column].tolist()) == json.dumps(values), (name, column)


def test_the_unfinished_shard_is_claimed_with_its_plan_and_checkpoints(opened: Store) -> None:
    claim = opened.claim("cpu", "w")
    assert claim is not None
    left: Any = BEFORE.left(RUNS["unfinished"])
    assert (claim.run_id, claim.checkpoints, claim.next_ordinal) == (RUNS["unfinished"], left.refs, left.logged)
    assert claim.plan is not None
    assert claim.plan["stack_groups"] == claim.spec.stack_groups(4)


def test_pages_open(opened: Store, settings: Settings, no_broker: Queue) -> None:
    with in_process(create_app(settings, opened, no_broker)) as client:
        for run_id in RUNS.values():
            assert client.get(f"/runs/{run_id}", headers={"Accept": "text/html"}).status_code == 200
