"""Reports of members and early stops, in both databases: kept once, stopped in words, spared when resumed."""

import math
from collections.abc import Callable

import pytest

from app.kinds.lottery.spec import LotterySpec
from app.store import NotFound, Store
from app.store.early_stops import Reported
from app.sweeps.plan import Budget, Pruner
from tests.app.store.test_sweeps import create, plan

WHY = "below the median after 2 levels"


def sweep_of(store: Store, spec: LotterySpec, runs: int = 2) -> tuple[str, list[str]]:
    asked = plan(spec, budget=Budget(runs=runs, at_once=runs), pruner=Pruner(kind="median"), objective="x")
    sweep_id = create(store, asked)
    assert store.sweep(sweep_id).plan == asked
    return sweep_id, [str(each.run) for each in store.members(sweep_id)]


def reported(run_id: str, before: int, values: tuple[float, ...], reason: str = "", position: int = 0) -> Reported:
    return Reported(position, run_id, before, 7, values, {"completed_rung_0": values[0]}, reason)


def test_reports_are_kept_as_they_came(store: Store, spec: LotterySpec) -> None:
    sweep_id, (first, _) = sweep_of(store, spec)
    assert store.report_members(sweep_id, [reported(first, 0, (0.5, math.nan))]) == []
    member = store.members(sweep_id)[0]
    assert member.reported == (0.5, None)
    assert math.isnan(member.reports[1])
    assert (member.rungs, member.reported_seq, member.stopped) == ({"completed_rung_0": 0.5}, 7, None)
    assert store.report_members(sweep_id, [reported(first, 0, (0.9,), WHY)]) == []  # from a process that read earlier
    assert store.members(sweep_id)[0] == member
    with pytest.raises(NotFound):
        store.report_members("nothing", [])


def test_a_stopped_run_says_why_and_is_no_failure(store: Store, spec: LotterySpec) -> None:
    sweep_id, (first, second) = sweep_of(store, spec)
    assert store.report_members(sweep_id, [reported(first, 0, (0.1, 0.2), WHY)]) == [first]
    run = store.run(first)
    assert (run.state, run.stopped, run.error) == ("cancelled", f"stopped early by the sweep: {WHY}", None)
    assert store.several([second])[0].stopped is None
    details = [each.event.get("detail") for each in store.events(first)]
    assert f"stopped early by the sweep: {WHY}" in details
    member = store.members(sweep_id)[0]
    assert (member.stopped_early, member.live, member.objective) == (True, False, None)
    assert store.sweep(sweep_id).counts == {"stopped": 1, "queued": 1}


def test_a_claimed_run_is_stopping_until_its_worker_lets_go(store: Store, spec: LotterySpec) -> None:
    sweep_id, runs = sweep_of(store, spec)
    claim = store.claim("cpu", "w")
    assert claim is not None
    position = runs.index(claim.run_id)
    store.report_members(sweep_id, [reported(claim.run_id, 0, (0.1,), WHY, position)])
    assert store.run(claim.run_id).state == "cancelling"
    assert store.members(sweep_id)[position].stopped_early
    store.cancelled(claim.shard_id, claim.token)
    assert store.run(claim.run_id).state == "cancelled"
    assert store.sweep(sweep_id).counts["stopped"] == 1


def test_a_run_that_ended_meanwhile_is_not_stopped(store: Store, spec: LotterySpec) -> None:
    sweep_id, (first, _) = sweep_of(store, spec)
    store.cancel_run(first)
    assert store.report_members(sweep_id, [reported(first, 0, (0.1,), WHY)]) == []
    assert (store.run(first).stopped, store.members(sweep_id)[0].stopped) == (None, None)
    assert len(store.members(sweep_id)[0].reports) == 1


def test_a_sweep_resumes_no_run_that_it_stopped_but_a_person_may(store: Store, spec: LotterySpec) -> None:
    sweep_id, (first, second) = sweep_of(store, spec)
    store.report_members(sweep_id, [reported(first, 0, (0.1,), WHY)])
    store.cancel_sweep(sweep_id)
    assert store.resume_sweep(sweep_id)[1] == [second]
    assert store.run(first).state == "cancelled"
    assert store.resume_run(first).stopped is None
    assert store.members(sweep_id)[0].spared
    assert store.report_members(sweep_id, [reported(first, 1, (0.1, 0.1), WHY)]) == []
    assert store.run(first).state == "queued"


def test_a_closed_sweep_is_looked_at_while_its_runs_may_be_stopped(store: Store, spec: LotterySpec) -> None:
    sweep_id, _ = sweep_of(store, spec)
    assert not store.sweep(sweep_id).is_open
    assert store.unfinished_sweeps() == [sweep_id]
    plain = create(store, plan(spec, budget=Budget(runs=1)))
    assert plain not in store.unfinished_sweeps()
    store.bin_sweep(sweep_id, with_runs=False)
    assert store.unfinished_sweeps() == []


def test_processes_that_look_at_once_stop_a_run_once(
    store: Store, processes: Callable[[str, int], list[str]], spec: LotterySpec
) -> None:
    sweep_id, (first, _) = sweep_of(store, spec)
    script = f"""
from app.store.early_stops import Reported
found = [Reported(0, {first!r}, 0, 7, (0.1,), {{}}, {WHY!r})]
print(len(store.report_members({sweep_id!r}, found)))
"""
    assert sorted(processes(script, 3)) == ["0\n", "0\n", "1\n"]
    details = [each.event.get("detail") for each in store.events(first)]
    assert details.count(f"stopped early by the sweep: {WHY}") == 1
