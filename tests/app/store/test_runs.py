"""Runs are stored whole, read back as they were, and named by people."""

from typing import Any, get_args

import pytest

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.records import State
from app.store import NotFound, Store
from app.store.runs import derive


def test_a_new_run_is_queued_with_one_shard_for_each_replicate(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="first", tags=["a", "b"], notes="why")
    assert store.run(run.id) == run
    assert (run.name, run.kind, run.spec, run.state) == ("first", "lottery", spec, "queued")
    assert (run.tags, run.notes, run.last_seq) == (("a", "b"), "why", 1)
    assert (run.started_at, run.finished_at, run.deleted_at, run.error, run.workers) == (None, None, None, None, ())
    assert (run.progress.done, run.progress.total, run.progress.eta_s) == (0, 2 * 3 * 100, None)
    assert [(shard.replicate, shard.state, shard.attempt) for shard in store.shards(run.id)] == [
        (0, "queued", 0),
        (1, "queued", 0),
    ]
    assert [event.event["kind"] for event in store.events(run.id)] == ["changed"]


def test_created_at_is_in_utc_and_now(store: Store, spec: LotterySpec) -> None:
    first, second = (store.create_run(spec, name=name).created_at for name in "ab")
    assert first.utcoffset() is not None
    assert 0 <= (second - first).total_seconds() < 5


@pytest.mark.parametrize(
    ("field", "labels"),
    [
        ("name", {"name": "x" * 201}),
        ("name", {"name": " "}),
        ("tags", {"name": "x", "tags": ["y" * 41]}),
        ("tags", {"name": "x", "tags": [str(i) for i in range(21)]}),
        ("notes", {"name": "x", "notes": "y" * 10_001}),
    ],
)
def test_bad_labels_store_nothing(store: Store, spec: LotterySpec, field: str, labels: dict[str, Any]) -> None:
    with pytest.raises(FieldError) as caught:
        store.create_run(spec, **labels)
    assert caught.value.field == field
    assert store.runs().items == ()


@pytest.mark.parametrize("name", ["🎟️ tickets", "<script>alert(1)</script>", "'; DROP TABLE runs; --", "%s %(x)s"])
def test_odd_names_come_back_as_they_were(store: Store, spec: LotterySpec, name: str) -> None:
    run = store.create_run(spec, name=name, tags=[name], notes=name)
    assert (run.name, run.tags, run.notes) == (name, (name,), name)


def test_update_changes_what_is_given(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="first", tags=["a"], notes="n")
    changed = store.update_run(run.id, name="second")
    assert (changed.name, changed.tags, changed.notes) == ("second", ("a",), "n")
    changed = store.update_run(run.id, tags=[], notes="")
    assert (changed.name, changed.tags, changed.notes) == ("second", (), "")
    with pytest.raises(FieldError):
        store.update_run(run.id, name="x" * 201)
    assert store.run(run.id) == changed


def test_an_unknown_run_is_not_found(store: Store, spec: LotterySpec) -> None:
    for call in (
        store.run,
        store.shards,
        store.update_run,
        store.cancel_run,
        store.resume_run,
        store.bin_run,
        store.restore_run,
        store.purge_run,
        store.events,
        store.artifacts,
        store.artifact,
        lambda run_id: store.extend_run(run_id, spec),
        lambda run_id: store.series(run_id, "outcome"),
    ):
        with pytest.raises(NotFound):
            call("0000000000")


@pytest.mark.parametrize(
    ("shards", "run"),
    [
        (["finished", "finished"], "finished"),
        (["finished", "queued"], "queued"),
        (["finished", "queued", "running"], "running"),
        (["cancelled", "cancelling"], "cancelling"),
        (["cancelled", "finished"], "cancelled"),
        (["failed", "cancelled", "finished"], "failed"),
        (["failed", "running"], "running"),
        (["failed", "queued"], "queued"),
    ],
)
def test_the_state_of_a_run_follows_from_its_shards(shards: list[State], run: State) -> None:
    assert derive(shards) == run
    assert {derive([state]) for state in get_args(State)} == set(get_args(State))
