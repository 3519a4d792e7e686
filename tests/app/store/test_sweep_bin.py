"""Sweeps are renamed, go to the bin alone or with their runs, and come back as they went."""

import pytest

from app.continuing import continue_sweep
from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.queue import Queue
from app.store import Conflict, NotFound, Store
from app.store.submissions import Once
from app.sweeps.plan import Budget
from tests.app.store.test_sweeps import create, end, plan


def members(store: Store, sweep_id: str) -> list[str]:
    return [str(each.run) for each in store.members(sweep_id)]


def states(store: Store, sweep_id: str) -> list[tuple[str, bool]]:
    return [(run.state, run.deleted_at is not None) for run in store.several(members(store, sweep_id))]


def test_a_sweep_is_renamed_and_its_runs_keep_their_names(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec), tags=["old"])
    sweep = store.update_sweep(sweep_id, name=" better ", notes="why")
    assert (sweep.name, sweep.tags, sweep.notes) == ("better", ("old",), "why")
    assert store.update_sweep(sweep_id, tags=["a"]).tags == ("a",)
    assert store.run(members(store, sweep_id)[0]).name == "a sweep: seed 0"
    with pytest.raises(FieldError, match="name"):
        store.update_sweep(sweep_id, name="x" * 201)
    with pytest.raises(NotFound):
        store.update_sweep("nothing", name="x")


def test_a_sweep_alone_in_the_bin_leaves_its_runs_and_starts_no_more(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(at_once=1)))
    sweep, moved = store.bin_sweep(sweep_id, with_runs=False)
    assert (moved, sweep.deleted_at is not None, sweep.is_open) == ([], True, False)
    assert states(store, sweep_id) == [("queued", False)]
    assert store.sweeps().items == ()
    assert [each.id for each in store.sweeps(binned=True).items] == [sweep_id]
    end(store, members(store, sweep_id)[0])
    assert continue_sweep(store, Queue(""), sweep_id) == []
    for change in (store.cancel_sweep, store.resume_sweep, lambda sweep: store.replan_sweep(sweep, plan(spec))):
        with pytest.raises(Conflict, match="in the bin: restore it first"):
            change(sweep_id)
    again, back = store.restore_sweep(sweep_id)
    assert (back, again.deleted_at, again.is_open) == ([], None, True)
    assert len(continue_sweep(store, Queue(""), sweep_id)) == 1


def test_runs_that_went_with_a_sweep_come_back_with_it_and_no_others(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(runs=3)))
    first, second, third = members(store, sweep_id)
    end(store, first)
    store.bin_run(second)  # by hand, before
    sweep, moved = store.bin_sweep(sweep_id, with_runs=True)
    assert moved == sorted([first, third])
    assert states(store, sweep_id) == [("finished", True), ("cancelled", True), ("cancelled", True)]
    assert store.bin_sweep(sweep_id, with_runs=False)[0] == sweep  # again: nothing
    again, back = store.restore_sweep(sweep_id)
    assert back == moved
    assert states(store, sweep_id) == [("finished", False), ("cancelled", True), ("cancelled", False)]
    assert (again.deleted_at, again.state) == (None, "finished")
    assert store.restore_sweep(sweep_id)[1] == []


def test_an_open_sweep_that_went_with_its_runs_stays_cancelled(store: Store, spec: LotterySpec) -> None:
    sweep_id = create(store, plan(spec, budget=Budget(at_once=2)))
    store.bin_sweep(sweep_id, with_runs=True)
    assert store.restore_sweep(sweep_id)[0].state == "cancelled"
    assert continue_sweep(store, Queue(""), sweep_id) == []
    assert store.resume_sweep(sweep_id)[0].is_open


def test_a_purged_sweep_leaves_its_runs(store: Store, spec: LotterySpec) -> None:
    once = Once("a" * 64, "b" * 64)
    sweep_id = create(store, plan(spec, budget=Budget(runs=2)), once=once)
    mine = members(store, sweep_id)
    with pytest.raises(Conflict, match="not in the bin"):
        store.purge_sweep(sweep_id)
    store.bin_sweep(sweep_id, with_runs=False)
    store.purge_sweep(sweep_id)
    with pytest.raises(NotFound):
        store.sweep(sweep_id)
    assert [(run.id, run.sweep, run.state) for run in store.several(mine)] == [(each, None, "queued") for each in mine]
    assert create(store, plan(spec, budget=Budget(runs=2)), once=once) != sweep_id


def test_the_bin_is_emptied_of_sweeps_too(store: Store, spec: LotterySpec) -> None:
    kept, alone, whole = (create(store, plan(spec, budget=Budget(runs=1))) for _ in range(3))
    store.bin_sweep(alone, with_runs=False)
    store.bin_sweep(whole, with_runs=True)
    assert store.empty_bin() == 1
    assert [each.id for each in store.sweeps().items] == [kept]
    assert store.sweeps(binned=True).items == ()
    assert store.count_runs() == {"queued": 2}
