"""Reports of members and early stops, in both databases: kept once, stopped in words, spared when resumed."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.continuing import continue_sweep
from app.kinds.lottery.spec import LotterySpec
from app.queue import Queue
from app.store import NotFound, Store
from app.store.early_stops import Reported
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Pruner
from tests.app.conftest import Hand
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


KILLED = """
import os
from app.continuing import continue_sweep
from app.queue import Queue
from app.store import Store, early_stops
from app.store.sweeping import Sweeping
kept, stop = Sweeping.report_members, early_stops._stop
def before(self, sweep_id, reports):
    assert [one.reason for one in reports]
    os._exit(7)
def within(conn, reasons):
    assert stop(conn, reasons)
    os._exit(7)
def after(self, sweep_id, reports):
    assert kept(self, sweep_id, reports)
    os._exit(7)
if MOMENT == "within":
    early_stops._stop = within
else:
    Sweeping.report_members = {"before": before, "after": after}[MOMENT]
continue_sweep(Store(URL, ROOT), Queue(""), SWEEP)
"""


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_process_that_dies_between_a_report_and_its_stop_loses_no_trial_and_stops_none_twice(
    store: Store, spec: LotterySpec, database_url: str, tmp_path: Path, moment: str
) -> None:
    """It is ended when it has decided, while it stores report and stop, or before its caller has an answer."""
    seeds = {"seed": Axis.model_validate({"values": [0, 1, 2]})}
    asked = plan(
        spec.model_copy(update={"replicates": 1, "levels": 2}), axes=seeds, budget=Budget(at_once=1),
        pruner=Pruner(kind="successive_halving"), objective="last_ticket_validation_accuracy",
    )  # fmt: skip
    sweep_id, hand = create(store, asked), Hand(store)

    def look() -> None:
        continue_sweep(store, Queue(""), sweep_id)

    hand.begin()
    for level in range(3):
        hand.outcome(level, 0.8**level, 0.9)
        look()
    store.finish(hand.claim.shard_id, hand.claim.token)
    look()
    hand.begin()
    hand.outcome(0, 1.0, 0.5)
    script = KILLED.replace("MOMENT", repr(moment)).replace("SWEEP", repr(sweep_id))
    script = script.replace("URL", repr(database_url)).replace("ROOT", repr(str(tmp_path / "artifacts")))
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 7
    weak = store.members(sweep_id)[1]
    assert (weak.reported, weak.state) == (((0.5,), "cancelling") if moment == "after" else ((), "running"))
    for _ in range(3):
        look()
    weak = store.members(sweep_id)[1]
    assert (weak.reported, weak.state) == ((0.5,), "cancelling")
    store.cancelled(hand.claim.shard_id, hand.claim.token)
    for _ in range(3):
        look()
    members = store.members(sweep_id)
    assert [each.values["seed"] for each in members] == [0, 1, 2]
    assert [each.reported for each in members] == [(0.9,) * 3, (0.5,), ()]
    assert [each.stopped is not None for each in members] == [False, True, False]
    details = [each.event.get("detail") for each in store.events(str(weak.run))]
    assert details.count(weak.stopped) == 1
    assert sum(store.count_runs().values()) == 3
