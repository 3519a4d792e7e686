"""A replicate is read back whole: in its order, however its log was cut, and to the bit."""

from math import inf, nan

import numpy as np
import pytest

from app.contract.events import ArtifactSaved, Measured, Started
from app.contract.outputs import Key, Rows, Saved
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import Claim, NotFound, Store

FIRST, SECOND = LotteryKey(), LotteryKey(level=1, control="random", draw=2)


def started(claim: Claim, plan: dict[str, object]) -> Started:
    return Started(replicate=claim.replicate, attempt=claim.attempt, worker="w", plan=plan, provenance={})


def evaluation(place: LotteryKey, **columns: list[float]) -> Measured:
    return Measured(series="evaluation", key=place, columns=columns)


def saved(store: Store, place: LotteryKey, data: bytes) -> ArtifactSaved:
    sha256 = store.artifacts_store.put(data)
    return ArtifactSaved(key=place, name="mask", sha256=sha256, size_bytes=len(data), media_type="x")


def test_outputs_come_in_their_order_with_every_bit(store: Store, claim: Claim) -> None:
    mask = saved(store, FIRST, b"bits")
    # One series in two appends, with another thing between them.
    said: list[tuple[Measured | ArtifactSaved, int]] = [
        (evaluation(FIRST, step=[0.0], loss=[nan]), 0),
        (mask, 1),
        (evaluation(FIRST, step=[1.0, 2.0], loss=[-0.0, inf]), 2),
        (evaluation(SECOND, step=[0.0], loss=[5e-324]), 4),
        (saved(store, SECOND, b"other bits"), 5),
    ]
    for event, ordinal in said:
        store.append(claim.shard_id, claim.token, [event], ordinal)
    outputs = store.outputs(claim.run_id, claim.replicate)
    assert list(outputs) == [
        Key(FIRST, "rows", "evaluation"),
        Key(FIRST, "artifact", "mask"),
        Key(SECOND, "rows", "evaluation"),
        Key(SECOND, "artifact", "mask"),
    ]
    assert outputs[Key(FIRST, "artifact", "mask")] == Saved(mask.sha256, 4)
    rows = outputs[Key(FIRST, "rows", "evaluation")]
    assert isinstance(rows, Rows)
    assert rows.columns == ("step", "loss")
    assert rows.table.tobytes() == np.array([[0.0, 1.0, 2.0], [nan, -0.0, inf]]).tobytes()
    assert store.outputs(claim.run_id, 1) == {}


def test_a_column_that_came_later_is_nan_before(store: Store, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [evaluation(FIRST, step=[0.0])], 0)
    store.append(claim.shard_id, claim.token, [evaluation(FIRST, step=[1.0], loss=[2.0])], 1)
    (rows,) = store.outputs(claim.run_id, claim.replicate).values()
    assert isinstance(rows, Rows)
    assert rows.columns == ("step", "loss")
    np.testing.assert_array_equal(rows.table, [[0.0, 1.0], [nan, 2.0]])


def test_every_start_is_told(store: Store, claim: Claim) -> None:
    assert store.starts(claim.run_id) == []
    store.start(claim.shard_id, claim.token, started(claim, {"threads": 1}))
    store.append(claim.shard_id, claim.token, [evaluation(FIRST, step=[0.0])], 0)
    store.release(claim.shard_id, claim.token)
    again = store.claim("cpu", "w2")
    assert again is not None
    store.start(again.shard_id, again.token, started(again, {"threads": 2}))
    starts = store.starts(claim.run_id)
    assert [(event.replicate, event.event["attempt"]) for event in starts] == [(0, 1), (0, 2)]
    # The plan is the one that the first attempt froze.
    assert [event.event["plan"] for event in starts] == [{"threads": 1}] * 2


def test_nothing_is_told_of_a_run_that_is_not_there(store: Store) -> None:
    for ask in (lambda: store.outputs("0000000000", 0), lambda: store.starts("0000000000")):
        with pytest.raises(NotFound):
            ask()


def test_a_run_remembers_which_one_it_repeats(store: Store, spec: LotterySpec) -> None:
    first = store.create_run(spec, name="first")
    again = store.create_run(spec, name="again", again_of=first.id)
    assert (first.again_of, again.again_of) == (None, first.id)
    assert [run.id for run in store.runs(q=f"again:{first.id}").items] == [again.id]
    store.bin_run(first.id)
    store.purge_run(first.id)
    assert store.run(again.id).again_of == first.id
