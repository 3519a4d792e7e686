"""A request that is sent again stores nothing more, in both databases, however many processes take it at once."""

from collections.abc import Callable

import pytest

from app.continuing import following
from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.store import Store
from app.store.submissions import Once
from app.sweeps.axes import Axis
from app.sweeps.plan import Plan

FIRST = Once("a" * 64, "b" * 64)


def test_a_repeated_request_finds_its_run(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="first", once=FIRST)
    assert store.create_run(spec, name="first", once=FIRST).id == run.id
    assert store.count_runs() == {"queued": 1}
    other = store.create_run(spec, name="other", once=Once("c" * 64, "b" * 64))
    assert other.id != run.id
    with pytest.raises(FieldError, match="sent before with another body"):
        store.create_run(spec, name="second", once=FIRST._replace(digest="d" * 64))
    assert store.create_run(spec, name="without a key").id != store.create_run(spec, name="without a key").id


def test_a_request_whose_run_was_purged_is_new(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="gone", once=FIRST)
    store.bin_run(run.id)
    store.purge_run(run.id)
    assert store.create_run(spec, name="here", once=FIRST).id != run.id


def test_a_request_that_was_refused_can_be_sent_again(store: Store, spec: LotterySpec) -> None:
    with pytest.raises(FieldError):
        store.create_run(spec, name="", once=FIRST)
    assert store.create_run(spec, name="a name", once=FIRST).name == "a name"


def test_a_repeated_request_finds_its_sweep(store: Store, spec: LotterySpec) -> None:
    plan = Plan(spec=spec.model_dump(mode="json"), axes={"seed": Axis(values=(1, 2, 3))})
    first = following(store, plan, (), "s")
    sweep, started = store.create_sweep(plan, first, name="s", once=FIRST)
    assert len(started) == 3
    assert store.create_sweep(plan, first, name="s", once=FIRST) == (sweep, [])
    assert len(store.sweeps().items) == 1
    assert store.count_runs() == {"queued": 3}


def test_processes_that_get_one_request_at_once_store_one_run(
    store: Store, processes: Callable[[str, int], list[str]], spec: LotterySpec
) -> None:
    script = f"""
from app.kinds.lottery.spec import LotterySpec
from app.store.submissions import Once
spec = LotterySpec.model_validate_json({spec.model_dump_json()!r})
print(store.create_run(spec, name="one", once=Once({FIRST.key!r}, {FIRST.digest!r})).id)
"""
    assert len(set(processes(script, 4))) == 1
    assert store.count_runs() == {"queued": 1}
