"""Sweeps in both databases: stored whole, continued once, measured, found by a query."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.continuing import continue_sweep, following, named
from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.queue import Queue
from app.store import NotFound, Store
from app.store.sweeps import Next, Result, Start
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Plan, Sampler


def plan(spec: LotterySpec, **more: Any) -> Plan:
    axes = {"seed": Axis.model_validate({"range": {"low": 0, "high": 5}})}
    return Plan(**{"spec": spec.model_dump(mode="json"), "axes": axes, **more})


def create(store: Store, asked: Plan, name: str = "a sweep", **labels: Any) -> str:
    return store.create_sweep(asked, following(store, asked, (), name), name=name, **labels)[0].id


def end(store: Store, run_id: str) -> None:
    """Finish every replicate of a run as a worker does; turns may end others first."""
    while store.run(run_id).state != "finished":
        claim = store.claim("cpu", "w")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)


def test_a_sweep_and_its_members_come_back_as_they_were_stored(store: Store, spec: LotterySpec) -> None:
    asked = plan(spec, sampler=Sampler(seed=3), budget=Budget(runs=4), objective="x")
    sweep_id = create(store, asked, tags=["b", "a"], notes="why")
    sweep = store.sweep(sweep_id)
    assert sweep.plan == asked
    assert (sweep.name, sweep.kind, sweep.tags, sweep.notes) == ("a sweep", "lottery", ("b", "a"), "why")
    assert (sweep.state, sweep.is_open, sweep.counts, sweep.started) == ("running", False, {"queued": 4}, 4)
    members = store.members(sweep_id)
    assert [(each.position, each.values, each.state, each.total) for each in members] == [
        (i, {"seed": i}, "queued", 600) for i in range(4)
    ]
    assert [run.sweep for run in store.runs(q=f"sweep:{sweep_id}").items] == [sweep_id] * 4
    alone = store.create_run(spec, name="alone")
    assert alone.id not in {run.id for run in store.runs(q="sweep:*").items}
    assert store.several([str(members[0].run)])[0].spec == spec
    with pytest.raises(NotFound, match="no sweep nothing"):
        store.sweep("nothing")


def test_sweeps_come_in_pages_the_newest_first(store: Store, spec: LotterySpec) -> None:
    made = [create(store, plan(spec, budget=Budget(runs=1)), name=f"s{i}") for i in range(3)]
    first = store.sweeps(2)
    assert [sweep.id for sweep in first.items] == made[:0:-1]
    assert [sweep.id for sweep in store.sweeps(2, first.next).items] == made[:1]
    assert store.sweeps(2, first.next).next is None


def test_nothing_is_stored_where_a_member_cannot_be(store: Store, spec: LotterySpec) -> None:
    starts = [Start({"seed": 0}, spec, "fine"), Start({"seed": 1}, spec, "two\nlines")]
    with pytest.raises(FieldError, match="one line"):
        store.create_sweep(plan(spec), Next(starts, None), name="half")
    assert store.sweeps().items == ()
    assert store.count_runs() == {}


def test_a_member_that_ended_is_measured_once_and_again_when_it_went_on(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(runs=1)))
    run_id = str(store.members(sweep_id)[0].run)
    assert store.unfinished_sweeps() == []
    end(store, run_id)
    assert store.unfinished_sweeps() == [sweep_id]
    continue_sweep(store, Queue(""), sweep_id)
    assert store.unfinished_sweeps() == []
    member = store.members(sweep_id)[0]
    assert (member.state, member.measured_seq) == ("finished", store.run(run_id).last_seq)
    assert member.hours > 0
    store.measure_members(sweep_id, [Result(0, 0.5, 2.0, member.last_seq)])
    assert store.members(sweep_id)[0].objective == 0.5
    store.extend_run(run_id, spec.model_copy(update={"replicates": 3}))
    assert store.members(sweep_id)[0].live


def test_members_start_as_others_end_and_the_sweep_ends_with_the_last(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(at_once=2)))
    assert store.sweep(sweep_id).counts == {"queued": 2}
    started = 2
    while store.sweep(sweep_id).state == "running":
        for member in store.members(sweep_id):
            if member.live:
                end(store, str(member.run))
                break
        started += len(continue_sweep(store, Queue(""), sweep_id))
        assert sum(member.live for member in store.members(sweep_id)) <= 2
    assert started == 6
    sweep = store.sweep(sweep_id)
    assert (sweep.state, sweep.is_open, sweep.note, sweep.counts) == ("finished", False, "", {"finished": 6})


def test_a_budget_of_hours_stops_starting_and_says_so(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(hours=1e-9, at_once=1)))
    end(store, str(store.members(sweep_id)[0].run))
    assert continue_sweep(store, Queue(""), sweep_id) == []
    sweep = store.sweep(sweep_id)
    assert (sweep.state, sweep.counts) == ("finished", {"finished": 1})
    assert sweep.note.startswith("The budget of 1e-09 hours is used up (")
    assert sweep.note.endswith("5 members not started.")


def test_a_decision_that_comes_too_late_does_nothing(store: Store, spec: LotterySpec) -> None:
    """Two processes decide alike; the second finds that the first has stored its members."""
    asked = plan(spec, budget=Budget(at_once=2))
    sweep_id = create(store, asked)
    for member in store.members(sweep_id):
        end(store, str(member.run))
    late = following(store, asked, store.members(sweep_id), "a sweep")
    assert len(continue_sweep(store, Queue(""), sweep_id)) == 2
    assert store.continue_sweep(sweep_id, 2, late) == []
    assert [member.values["seed"] for member in store.members(sweep_id)] == [0, 1, 2, 3]


def test_processes_that_continue_at_once_start_every_member_once(
    store: Store, spec: LotterySpec, processes: Callable[[str, int], list[str]]
) -> None:
    asked = plan(spec, sampler=Sampler(kind="random"), budget=Budget(runs=6, at_once=3))
    sweep_id = create(store, asked)
    for member in store.members(sweep_id):
        end(store, str(member.run))
    script = (
        "from app.continuing import continue_sweep\nfrom app.queue import Queue\n"
        f"print(len(continue_sweep(store, Queue(''), '{sweep_id}')))"
    )
    assert sorted(map(int, processes(script, 4))) == [0, 0, 0, 3]
    members = store.members(sweep_id)
    assert sorted(member.values["seed"] for member in members) == [0, 1, 2, 3, 4, 5]


def test_cancelling_starts_no_more_and_resuming_goes_on(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(at_once=2)))
    sweep, stopped = store.cancel_sweep(sweep_id)
    assert (sweep.state, len(stopped)) == ("cancelled", 2)
    assert continue_sweep(store, Queue(""), sweep_id) == []
    sweep, again = store.resume_sweep(sweep_id)
    assert (sweep.state, again) == ("running", stopped)
    assert continue_sweep(store, Queue(""), sweep_id) == []  # two are live


def test_a_purged_member_keeps_its_place_and_its_hours(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(runs=1)))
    run_id = str(store.members(sweep_id)[0].run)
    end(store, run_id)
    continue_sweep(store, Queue(""), sweep_id)
    hours = store.members(sweep_id)[0].hours
    store.bin_run(run_id)
    assert store.members(sweep_id)[0].binned
    store.purge_run(run_id)
    member = store.members(sweep_id)[0]
    assert (member.run, member.state, member.values) == (None, None, {"seed": 0})
    assert member.hours == pytest.approx(hours)
    assert store.sweep(sweep_id).counts == {"gone": 1}


@pytest.mark.parametrize("length", [1, 180, 187, 188, 189, 200])
def test_a_long_name_of_a_sweep_is_cut_before_the_values_of_its_members(
    store: Store, spec: LotterySpec, length: int
) -> None:
    sweep_id = create(store, plan(spec, axes={"seed": Axis.model_validate({"values": [1234567, 89]})}), "n" * length)
    long, short = (each.name for each in store.members(sweep_id))
    assert long.endswith(": seed 1234567")
    assert short.endswith(": seed 89")
    assert max(len(long), len(short)) <= 200
    assert long == f"{'n' * length}: seed 1234567" if length <= 186 else long == f"{'n' * 185}…: seed 1234567"


def test_a_member_is_named_by_its_sweep_and_its_values_which_may_leave_no_room_for_it() -> None:
    assert named("a sweep", "lr 0.1") == "a sweep: lr 0.1"
    assert named("Which rate?", "lr 0.1") == "Which rate? lr 0.1"
    assert named("a sweep", "v" * 196) == f"a…: {'v' * 196}"
    assert named("a sweep", "v" * 197) == "v" * 197
    assert named("a sweep", "v" * 300) == "v" * 200


ADAPTIVE = {
    "sampler": Sampler(kind="adaptive", seed=5),
    "budget": Budget(runs=30, at_once=2),
    "axes": {"optimizer.lr": Axis.model_validate({"log_range": {"low": 1e-4, "high": 0.1}})},
    "objective": "last_ticket_validation_accuracy",
}
KILLED = """
import os
from app.store import Store
from app.continuing import continue_sweep
from app.queue import Queue
from app.store import sweeps
from app.store.sweeping import Sweeping
kept = Sweeping.continue_sweep
def before(self, sweep_id, expected, found):
    os._exit(0)
def within(conn, sweep_id, first, starts):
    added(conn, sweep_id, first, starts)
    os._exit(0)
def after(self, *given):
    kept(self, *given)
    os._exit(0)
added = sweeps.add
store = Store(URL, ROOT)
if MOMENT == "within":
    sweeps.add = within
else:
    Sweeping.continue_sweep = {"before": before, "after": after}[MOMENT]
continue_sweep(store, Queue(""), SWEEP)
"""


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_process_that_dies_between_ask_and_submit_loses_nothing_and_doubles_nothing(
    store: Store, spec: LotterySpec, database_url: str, tmp_path: Path, moment: str
) -> None:
    """It is ended when it has asked, while it stores, or when it has stored and not yet told anybody."""
    asked = plan(spec, **ADAPTIVE)
    sweep_id = create(store, asked)
    for member in store.members(sweep_id):
        if member.live:
            end(store, str(member.run))
    store.measure_members(
        sweep_id, [Result(each.position, each.values["optimizer.lr"], 0.1, each.last_seq)
                   for each in store.members(sweep_id) if not each.live],
    )  # fmt: skip
    before = store.members(sweep_id)
    wanted = [start.values for start in following(store, asked, before, "a sweep").starts]
    script = KILLED.replace("MOMENT", repr(moment)).replace("SWEEP", repr(sweep_id))
    script = script.replace("URL", repr(database_url)).replace("ROOT", repr(str(tmp_path / "artifacts")))
    subprocess.run([sys.executable, "-c", script], check=True)
    there = len(store.members(sweep_id)) - len(before)
    assert there == (len(wanted) if moment == "after" else 0)
    continue_sweep(store, Queue(""), sweep_id)
    members = store.members(sweep_id)
    assert [member.values for member in members[len(before) :]] == wanted
    assert len({member.values["optimizer.lr"] for member in members}) == len(members)
    assert sum(store.count_runs().values()) == len(members)
    assert len(members) == 4
