"""Series come back whole, in order, bit by bit and fast."""

import math
import time

import numpy as np
import pytest
from sqlalchemy import insert

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import Claim, Store
from app.store.chunks import pack
from app.store.database import Database
from app.store.tables import chunks


def _row(place: LotteryKey, *values: float, series: str = "outcome") -> Measured:
    return Measured(series=series, key=place, columns={"steps": list(values)})


def test_nothing_measured_is_an_empty_series(store: Store, claim: Claim) -> None:
    series = store.series(claim.run_id, "outcome")
    assert (len(series), set(series.columns)) == (0, {"replicate", "level", "control", "draw"})


def test_special_values_keep_their_bits(store: Store, claim: Claim) -> None:
    values = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1]
    store.append(claim.shard_id, claim.token, [_row(LotteryKey(), *values)], 0)
    read = store.series(claim.run_id, "outcome")["steps"]
    assert read.tobytes() == np.array(values).tobytes()
    assert read.dtype == np.float64


def test_every_filter_is_complete(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="x")
    places = [
        LotteryKey(level=level, control=control, draw=draw)
        for level in (0, 1, 2)
        for control in ("winning_ticket", "reinit")
        for draw in (0, 1)
    ]
    for _ in range(2):
        claim = store.claim("cpu", "w")
        assert claim is not None
        rows = [_row(place, 10.0 * i, 10.0 * i + 1) for i, place in enumerate(places)]
        other = [_row(LotteryKey(), 99.0, series="layers")]
        store.append(claim.shard_id, claim.token, other + rows, 0)
    whole = store.series(run.id, "outcome")
    assert len(whole) == 2 * 2 * len(places)
    assert whole["replicate"].tolist() == [0] * 24 + [1] * 24
    assert whole["level"].tolist()[:8] == [0] * 8
    assert whole["control"].tolist()[:6] == ["winning_ticket"] * 4 + ["reinit"] * 2
    assert whole["draw"].tolist()[:4] == [0, 0, 1, 1]
    for column, values in (("control", ("reinit", "shuffled")), ("replicate", (1, 7)), ("level", (2, 9))):
        for value in values:
            part, expected = store.series(run.id, "outcome", **{column: value}), whole.where(whole[column] == value)  # type: ignore[arg-type]
            for name in whole.columns if len(expected) else part.columns:
                assert part[name].tolist() == expected[name].tolist()
    one = store.series(run.id, "outcome", control="reinit", replicate=0, level=1)
    assert one["steps"].tolist() == [60, 61, 70, 71]


def test_the_order_is_that_of_each_replicate_whoever_writes_first(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="x")
    first, second = (store.claim("cpu", "w") for _ in range(2))
    assert first
    assert second
    for claim, value in ((second, 20.0), (first, 10.0), (second, 21.0), (first, 11.0)):
        store.append(claim.shard_id, claim.token, [_row(LotteryKey(), value)], int(value) % 10)
    assert store.series(run.id, "outcome")["steps"].tolist() == [10, 11, 20, 21]


def test_columns_that_some_rows_lack_are_nan_there(store: Store, claim: Claim) -> None:
    rows = [
        Measured(series="outcome", key=LotteryKey(), columns={"a": [1.0]}),
        Measured(series="outcome", key=LotteryKey(), columns={"b": [2.0, 3.0], "a": [4.0, 5.0]}),
        Measured(series="outcome", key=LotteryKey(), columns={"a": [6.0]}),
    ]
    store.append(claim.shard_id, claim.token, rows, 0)
    series = store.series(claim.run_id, "outcome")
    assert series["a"].tolist() == [1, 4, 5, 6]
    np.testing.assert_array_equal(series["b"], [np.nan, 2, 3, np.nan])


def test_a_hundred_thousand_rows_are_read_in_a_tenth_of_a_second(store: Store, claim: Claim, database_url: str) -> None:
    n, length, columns = 6000, 20, {name: [0.5] * 20 for name in "abcdef"}
    names = '["a","b","c","d","e","f"]'
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(
            insert(chunks),
            [
                {
                    "run_id": claim.run_id,
                    "seq": 10 + i,
                    "series": "evaluation",
                    "key": LotteryKey(level=i % 12).text,
                    "ordinal": i * length,
                    "rows": length,
                    "names": names,
                    "data": pack(columns),
                    "replicate": 0,
                }
                for i in range(n)
            ],
        )
    database.dispose()
    times = []
    for _ in range(5):
        # This process's own time: other tests on the same cores must not fail this one.
        start = time.process_time()
        series = store.series(claim.run_id, "evaluation")
        times.append(time.process_time() - start)
    assert len(series) == n * length
    assert series["f"].sum() == pytest.approx(n * length / 2)
    assert min(times) < 0.1


def test_series_of_several_runs_come_at_once_with_their_times(store: Store, spec: LotterySpec) -> None:
    runs = [store.create_run(spec, name=name).id for name in "ab"]
    before = time.time()
    for number in range(2):
        claim = store.claim("cpu", "w")
        assert claim is not None
        rows = [_row(LotteryKey(level=level), 10.0 * number, 10.0 * number + level) for level in (0, 1)]
        store.append(claim.shard_id, claim.token, rows, 0)
        store.append(claim.shard_id, claim.token, [_row(LotteryKey(level=1), 7.0)], 4)
    with store.snapshot() as now:
        timed = now.timed(runs, "outcome", level=1)
        assert now.timed([], "outcome") == {}
        assert list(timed) == runs
        for run in runs:
            alone = now.series(run, "outcome", level=1)
            for name in alone.columns:
                assert timed[run][name].tolist() == alone[name].tolist()
            times = [event.at.timestamp() for event in now.events(run) if event.event["kind"] == "measured"]
            # The first event is of level 0; a chunk of two rows has one time.
            wanted = [times[1], times[1], times[2]] if len(alone) else []
            assert timed[run]["at"].tolist() == pytest.approx(wanted, abs=1e-5)
            assert (timed[run]["at"] > before - 60).all()
    assert sum(len(item) for item in timed.values()) == 6
