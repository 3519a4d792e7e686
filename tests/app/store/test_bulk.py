"""One action on many runs: what it changes, what it leaves, and that a preview says the same."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from app.contract.experiment import FieldError
from app.kinds.presets import PRESETS
from app.store import Store, bulk
from app.store.labels import TAGS

SPEC = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1})


def _several(store: Store, n: int) -> list[str]:
    return [store.create_run(SPEC, name=f"run {i}", tags=["all"]).id for i in range(n)]


def _finish(store: Store, claimed: int) -> None:
    for _ in range(claimed):
        claim = store.claim("cpu", "worker")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)


def test_a_preview_counts_what_the_action_then_does(open_store: Callable[..., Store]) -> None:
    store = open_store()
    ids = _several(store, 5)
    _finish(store, 3)
    expected = store.preview_change("cancel", ids)
    assert sorted(expected.changed) == sorted(ids[3:])
    assert set(expected.changed.values()) == {"live"}
    assert expected.unchanged == {"finished already": ids[:3]}
    assert [store.run(item).state for item in ids[3:]] == ["queued", "queued"]
    done = store.change_runs("cancel", ids, seen=expected.changed)
    assert (done.changed, done.unchanged) == (expected.changed, expected.unchanged)
    assert [store.run(item).state for item in ids] == ["finished"] * 3 + ["cancelled"] * 2
    assert done.seqs == {item: store.run(item).last_seq for item in ids[3:]}
    again = store.change_runs("cancel", ids)
    assert again.changed == {}
    assert again.unchanged == {"finished already": ids[:3], "cancelled already": ids[3:]}
    resumed = store.change_runs("resume", ids)
    assert sorted(resumed.changed) == sorted(ids[3:])
    assert resumed.queues == {SPEC.device}
    assert store.run(ids[4]).state == "queued"


def test_tags_come_and_go_and_are_found(open_store: Callable[..., Store]) -> None:
    store = open_store()
    ids = _several(store, 3)
    store.update_run(ids[0], tags=["all", "old"])
    store.update_run(ids[1], tags=[f"t{i}" for i in range(TAGS)])
    done = store.change_runs("tag", ids, " old ")
    assert list(done.changed) == [ids[2]]
    assert done.unchanged == {"tagged already": [ids[0]], f"at the limit of {TAGS} tags": [ids[1]]}
    assert store.run(ids[2]).tags == ("all", "old")
    assert {run.id for run in store.runs(tag="old").items} == {ids[0], ids[2]}
    undone = store.change_runs("untag", list(done.changed), "old")
    assert list(undone.changed) == [ids[2]]
    assert store.run(ids[2]).tags == ("all",)
    assert store.run(ids[0]).tags == ("all", "old")
    assert [run.id for run in store.runs(tag="old").items] == [ids[0]]
    for bad in ("a,b", "", "x" * 41):
        with pytest.raises(FieldError, match="tags"):
            store.change_runs("tag", ids, bad)


def test_the_bin_takes_live_runs_too_and_gives_all_back(open_store: Callable[..., Store]) -> None:
    store = open_store()
    ids = _several(store, 3)
    _finish(store, 1)
    done = store.change_runs("bin", [*ids, "0000000000"])
    assert sorted(done.changed.values()) == ["finished", "live", "live"]
    assert done.unchanged == {bulk.MISSING: ["0000000000"]}
    assert store.matching_ids("") == []
    assert sorted(store.matching_ids("", binned=True)) == sorted(ids)
    assert store.count_matching("", binned=True) == 3
    assert store.change_runs("resume", ids).unchanged == {"in the bin": ids}
    assert store.change_runs("restore", ids).asked == 3
    assert store.change_runs("restore", ids).unchanged == {"not in the bin": ids}
    assert [store.run(item).state for item in ids] == ["finished", "cancelled", "cancelled"]


def test_a_run_that_changed_since_the_preview_stays_as_it_is(open_store: Callable[..., Store]) -> None:
    store, other = open_store(), open_store()
    ids = _several(store, 2)
    store.change_runs("cancel", ids)
    seen = store.preview_change("bin", ids).changed
    other.resume_run(ids[0])
    done = store.change_runs("bin", ids, seen=seen)
    assert list(done.changed) == [ids[1]]
    assert done.unchanged == {bulk.CHANGED: [ids[0]]}
    assert store.run(ids[0]).state == "queued"
    assert store.run(ids[0]).deleted_at is None


def test_a_database_that_fails_on_the_way_leaves_a_list_of_the_rest(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    ids = _several(store, 5)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    real, calls = bulk.apply, []

    def failing(*args: object, **kwargs: object) -> bulk.Outcome:
        calls.append(args)
        if len(calls) == 2:
            real(*args, **kwargs)  # type: ignore[arg-type]
            raise OperationalError("", {}, Exception("away"))
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk, "apply", failing)
    done = store.change_runs("cancel", ids)
    first = sorted(ids)[:2]
    assert sorted(done.changed) == first
    assert done.unchanged == {bulk.UNREACHED: sorted(ids)[2:]}
    states = {item: store.run(item).state for item in ids}
    assert [item for item in ids if states[item] == "cancelled"] == first


def test_a_query_finds_at_most_what_one_action_takes(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    _several(store, 3)
    assert store.count_matching("state:queued tag:all") == 3
    monkeypatch.setattr(bulk, "MOST", 2)
    with pytest.raises(FieldError, match="more than 2 runs"):
        store.matching_ids("state:queued")
