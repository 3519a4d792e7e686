"""Costs by person, project, month and run: known answers on both databases."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from app.records.costs import CostGroup, Costs, CostSort
from app.store import Store
from app.store.acting import Actor, as_person, in_project
from app.store.tables import runs, shards
from tests.app.conftest import Hand
from tests.app.store.test_projects import people

HOUR = 3600.0
GPU = "NVIDIA H200"


def cost(row: Any) -> tuple[int, float, float, float, int]:
    return row.runs, row.core_hours, row.gpu_hours, row.unknown_hours, row.disk_bytes


@dataclass
class Lab:
    """Four runs of two people in two projects and two months, and their ids by name."""

    store: Store
    ids: dict[str, str]

    def by(self, group: CostGroup, sort: CostSort = "hours", limit: int = 50) -> dict[str, tuple[Any, ...]]:
        names = {key: name for name, key in self.ids.items()}
        return {
            names.get(row.key, row.name) if group == "run" else row.name: cost(row)
            for row in self.store.costs_by(group, sort, limit).rows
        }


@pytest.fixture
def lab(store: Store, hand: Hand) -> Lab:
    """What each run holds is planted: hours on a slot, the device, bytes and the month."""
    _, mia, other = people(store)
    with as_person(mia):
        one, two = store.new_project("one"), store.new_project("two")
    ids = {}

    def plant(name: str, who: Actor | None, project: str | None, month: int, files: list[bytes], **held: Any) -> None:
        with as_person(who), in_project(project):
            ids[name] = hand.run(replicates=held.pop("replicates", 1)).id
        for content in files:
            hand.save(f"f{content[:1]!r}", content)
        hand.store.finish(hand.claim.shard_id, hand.claim.token)
        with store._db.write() as conn:
            at = datetime(2026, month, 30, 23, 59, tzinfo=UTC).timestamp()
            # Submitted a month before it started.
            values = {"started_at": at, "created_at": at - 31 * 24 * HOUR}
            conn.execute(update(runs).where(runs.c.id == ids[name]).values(values))
            conn.execute(update(shards).where(shards.c.run_id == ids[name]).values(held))

    cpu, gpu = {"device": "cpu"}, {"device": GPU}
    plant("cpu", mia, one, 10, [b"a" * 100, b"shared"], slot_s=2 * HOUR, plan=cpu)
    plant("gpu", mia, two, 11, [b"b" * 1000, b"shared"], slot_s=3 * HOUR, plan=gpu)
    plant("binned", other, one, 11, [b"c" * 10], slot_s=5 * HOUR, plan=cpu)
    plant("nobody's", None, None, 11, [], slot_s=0.5 * HOUR, plan=None)
    store.bin_run(ids["binned"])
    return Lab(store, ids)


def test_by_run_a_shared_file_counts_in_each_and_once_in_the_total(lab: Lab) -> None:
    assert lab.by("run") == {
        "binned": (1, 5.0, 0.0, 0.0, 10),
        "gpu": (1, 0.0, 3.0, 0.0, 1006),
        "cpu": (1, 2.0, 0.0, 0.0, 106),
        "nobody's": (1, 0.0, 0.0, 0.5, 0),
    }
    costs = lab.store.costs_by("run")
    assert cost(costs.total) == (4, 7.0, 3.0, 0.5, 1116)
    assert costs.shared_bytes == 6
    assert [(row.owner, row.binned) for row in costs.rows] == [
        ("max", True), ("mia", False), ("mia", False), (None, False),
    ]  # fmt: skip


def test_by_person_project_and_month(lab: Lab) -> None:
    # mia's runs share a file, which she has once.
    assert lab.by("person") == {
        "mia": (2, 2.0, 3.0, 0.0, 1106), "max": (1, 5.0, 0.0, 0.0, 10), "": (1, 0.0, 0.0, 0.5, 0),
    }  # fmt: skip
    assert lab.by("project") == {
        "one": (2, 7.0, 0.0, 0.0, 116), "two": (1, 0.0, 3.0, 0.0, 1006), "": (1, 0.0, 0.0, 0.5, 0),
    }  # fmt: skip
    assert lab.by("month") == {"2026-11": (3, 5.0, 3.0, 0.5, 1016), "2026-10": (1, 2.0, 0.0, 0.0, 106)}
    assert [lab.store.costs_by(group).shared_bytes for group in ("person", "project", "month")] == [0, 6, 6]


@pytest.mark.parametrize("group", ["person", "project", "month", "run"])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_rows_and_the_rest_sum_to_the_total(lab: Lab, group: CostGroup, limit: int) -> None:
    costs: Costs = lab.store.costs_by(group, "disk", limit)
    whole = lab.store.costs_by(group)
    assert costs.total == whole.total
    assert len(costs.rows) == min(limit, len(whole.rows))
    assert costs.rest_groups == len(whole.rows) - len(costs.rows)
    for i, all_of_it in enumerate(cost(costs.total)):
        shared = costs.shared_bytes if i == 4 else 0
        assert sum(cost(row)[i] for row in (*costs.rows, costs.rest)) == pytest.approx(all_of_it + shared)


def test_the_order_is_by_what_is_asked_for(lab: Lab) -> None:
    assert list(lab.by("run", "gpu", 1)) == ["gpu"]
    assert list(lab.by("run", "core", 1)) == ["binned"]
    assert list(lab.by("run", "disk", 2)) == ["gpu", "cpu"]


def test_failed_tries_and_a_slot_that_is_held_now_count(store: Store, hand: Hand) -> None:
    hand.run()
    store.fail(hand.claim.shard_id, hand.claim.token, "x", "")
    with store._db.write() as conn:
        conn.execute(update(shards).values(slot_s=HOUR, plan={"device": "cpu"}))
    claim = store.claim("cpu", "w")
    assert claim is not None
    with store._db.write() as conn:
        conn.execute(update(shards).values(claimed_at=shards.c.claimed_at - 2 * HOUR))
    assert store.costs_by("run").total.core_hours == pytest.approx(3.0, abs=0.01)


def test_replicates_of_a_stack_have_one_slot_together(store: Store, hand: Hand) -> None:
    hand.run(start=False, replicates=5)
    with store._db.write() as conn:
        conn.execute(update(shards).values(slot_s=HOUR, plan={"device": GPU, "replicates": 4}))
        conn.execute(update(shards).where(shards.c.replicate == 3).values(slot_s=2 * HOUR))
    # The stack of the first four, and that of the last one.
    assert store.costs_by("run").total.gpu_hours == pytest.approx(3.0)


@pytest.mark.parametrize("replicates", [0, -1, "x", 1e300, None, [2], {"a": 1}])
def test_no_plan_of_an_archive_breaks_the_page(store: Store, hand: Hand, replicates: object) -> None:
    hand.run(start=False, replicates=2)
    with store._db.write() as conn:
        conn.execute(update(shards).values(slot_s=HOUR, plan={"device": ["cpu"], "replicates": replicates}))
    assert store.costs_by("run").total.gpu_hours == pytest.approx(2.0)


def test_an_empty_store_has_cost_nothing(store: Store) -> None:
    for group in ("person", "project", "month", "run"):
        costs = store.costs_by(group)
        assert costs.rows == ()
        assert cost(costs.total) == (0, 0.0, 0.0, 0.0, 0)
