"""The scheduler on a virtual clock, in small: equal shares, no starvation; and that the lab would see the opposite."""

import pytest

from app.store import queue_order
from benchmarks.scheduler import OVERHEAD, SHARE, WAIT_S, table, worst
from benchmarks.scheduler_lab import Job, jobs, simulate

WORK = [
    Job("ann", 30, 900.0), Job("bob", 60, 400.0), Job("cyd", 90, 200.0), Job("ann", 2, 900.0, "low"),
    Job("cyd", 3, 200.0, "high"),
]  # fmt: skip


def test_people_get_equal_shares_and_nobody_starves() -> None:
    report = simulate(WORK, slots=6)
    assert report.shards == 185
    assert report.share_error < SHARE
    assert report.overhead < OVERHEAD
    assert set(report.longest_wait_s) == {"low", "normal", "high"}
    assert max(report.longest_wait_s.values()) <= WAIT_S
    assert worst(report) < 1
    assert "bound 5 %" in table(report)


def test_without_shares_of_people_the_lab_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody of one name: slots go to runs, and who has most of these has most of the slots."""
    from app.store import fair_share
    from app.store.tables import runs

    fair_share._order.cache_clear()
    monkeypatch.setattr(queue_order, "OWNER", runs.c.id)
    try:
        many = [*(Job("ann", 10, 300.0) for _ in range(5)), Job("bob", 50, 300.0)]
        assert simulate(many, slots=4).share_error > SHARE
    finally:
        fair_share._order.cache_clear()


def test_jobs_are_as_many_as_asked_for_each() -> None:
    work = jobs(5, 1000)
    of_person = {owner: sum(job.n for job in work if job.owner == owner) for owner in {job.owner for job in work}}
    assert of_person == dict.fromkeys([f"p{n:03}" for n in range(5)], 200)
    assert {job.priority for job in work} == {"low", "normal", "high"}
