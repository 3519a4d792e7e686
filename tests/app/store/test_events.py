"""The log: every row once and in order, every number taken, by however many writers."""

from collections.abc import Callable

import pytest

from app.contract.events import ArtifactSaved, Changed, Event, Measured
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import Claim, OrdinalGap, Store


def _rows(*values: float, series: str = "evaluation", level: int = 0) -> Measured:
    columns = {"step": list(values), "loss": [value / 2 for value in values]}
    return Measured(series=series, key=LotteryKey(level=level), columns=columns)


def _saved(name: str) -> ArtifactSaved:
    return ArtifactSaved(
        key=LotteryKey(), name=name, sha256="a" * 64, size_bytes=3, media_type="application/x-safetensors"
    )


def _steps(store: Store, claim: Claim) -> list[float]:
    steps: list[float] = store.series(claim.run_id, "evaluation")["step"].tolist()
    return steps


def test_the_kept_event_names_its_chunk_instead_of_carrying_it(store: Store, claim: Claim) -> None:
    assert store.append(claim.shard_id, claim.token, [_rows(1, 2), _saved("init")], 0) == 3
    measured, saved = store.events(claim.run_id, after=1)
    assert (measured.seq, measured.replicate) == (2, 0)
    assert measured.event == {
        "kind": "measured",
        "series": "evaluation",
        "key": {"level": 0, "control": "winning_ticket", "draw": 0},
        "chunk": 2,
        "rows": 2,
        "columns": ["step", "loss"],
    }
    assert (saved.seq, saved.event["kind"], saved.event["sha256"]) == (3, "artifact_saved", "a" * 64)
    assert saved.at.utcoffset() is not None


def test_a_repeated_append_changes_nothing(store: Store, claim: Claim) -> None:
    events: list[Event] = [_rows(1, 2), _saved("init"), _rows(3)]
    last = store.append(claim.shard_id, claim.token, events, 0)
    before = store.events(claim.run_id)
    assert store.append(claim.shard_id, claim.token, events, 0) == last
    assert store.events(claim.run_id) == before
    assert len(store.artifacts(claim.run_id)) == 1
    assert _steps(store, claim) == [1, 2, 3]


def test_a_rerun_with_other_chunk_borders_doubles_no_row(store: Store, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [_rows(1, 2), _rows(3)], 0)
    store.release(claim.shard_id, claim.token)
    again = store.claim("cpu", "w2")
    assert again is not None
    assert again.next_ordinal == 3
    store.append(again.shard_id, again.token, [_rows(1)], 0)
    store.append(again.shard_id, again.token, [_rows(2, 3, 4, 5), _saved("ticket")], 1)
    store.append(again.shard_id, again.token, [_rows(6)], 6)
    assert _steps(store, claim) == [1, 2, 3, 4, 5, 6]
    assert store.series(claim.run_id, "evaluation")["loss"].tolist() == [0.5, 1, 1.5, 2, 2.5, 3]
    assert [event.event.get("rows") for event in store.events(claim.run_id, after=1)] == [2, 1, 2, None, 1]


def test_a_gap_is_refused_and_nothing_of_it_kept(store: Store, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [_rows(1, 2)], 0)
    before = store.events(claim.run_id)
    with pytest.raises(OrdinalGap, match="up to 2; got 3"):
        store.append(claim.shard_id, claim.token, [_rows(9)], 3)
    assert store.events(claim.run_id) == before
    assert store.run(claim.run_id).last_seq == 2


def test_events_without_ordinals_are_appended_as_they_come(store: Store, claim: Claim) -> None:
    for _ in range(2):
        store.append(claim.shard_id, claim.token, [Changed(state="running", detail="out of memory")], None)
    assert [event.event["detail"] for event in store.events(claim.run_id, after=1)] == ["out of memory"] * 2
    assert store.append(claim.shard_id, claim.token, [], None) == 3
    for events, ordinal in (([_rows(1)], None), ([Changed(state="running")], 0)):
        with pytest.raises(ValueError, match="ordinal"):
            store.append(claim.shard_id, claim.token, events, ordinal)


def test_readers_page_through_the_log(store: Store, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [_rows(i) for i in range(9)], 0)
    assert [event.seq for event in store.events(claim.run_id, after=3, limit=4)] == [4, 5, 6, 7]
    assert [event.seq for event in store.events(claim.run_id, after=8)] == [9, 10]
    assert store.events(claim.run_id, after=10) == []
    assert store.last_seqs() == store.last_seqs([claim.run_id, "0000000000"]) == {claim.run_id: 10}


def test_touched_names_what_is_new(store: Store, claim: Claim) -> None:
    assert store.touched(claim.run_id, 0) == {"changed"}
    last = store.append(claim.shard_id, claim.token, [_rows(1), _saved("init"), _rows(2, series="outcome")], 0)
    assert store.touched(claim.run_id, 1) == {"evaluation", "init", "outcome"}
    assert store.touched(claim.run_id, last - 1) == {"outcome"}
    assert store.touched(claim.run_id, last) == set()


def test_numbers_are_dense_under_writers_of_many_processes(
    store: Store, spec: LotterySpec, processes: Callable[[str, int], list[str]]
) -> None:
    run = store.create_run(spec.model_copy(update={"replicates": 8}), name="x")
    script = """
from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
claim = store.claim("cpu", f"w{i}")
for k in range(25):
    both = Measured(series="evaluation", key=LotteryKey(), columns={"step": [2.0 * k, 2.0 * k + 1]})
    other = Measured(series="other", key=LotteryKey(), columns={"x": [k]})
    seq = store.append(claim.shard_id, claim.token, [both, other], 3 * k)
    print(seq)
    if k % 5 == 0:
        # What a reader has seen up to here stays a prefix of the log: no number commits late.
        seen = [event.seq for event in store.events(claim.run_id)]
        assert seen == list(range(1, len(seen) + 1)) and len(seen) >= seq, seen
store.finish(claim.shard_id, claim.token)
"""
    printed = [int(line) for out in processes(script, 8) for line in out.split()]
    assert len(printed) == len(set(printed)) == 200
    read = store.run(run.id)
    assert (read.state, read.last_seq) == ("finished", 1 + 8 * (2 * 25 + 1) + 1)
    assert [event.seq for event in store.events(run.id)] == list(range(1, read.last_seq + 1))
    for replicate in range(8):
        assert store.series(run.id, "evaluation", replicate=replicate)["step"].tolist() == list(range(50))
