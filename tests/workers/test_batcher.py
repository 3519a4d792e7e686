"""Rows are numbered without gaps, whatever the cuts."""

import time

import pytest

from app.contract.events import ArtifactSaved, Event, Measured
from app.kinds.lottery.spec import LotteryKey
from workers import batcher
from workers.batcher import Batcher


class Log:
    """What was appended, as (ordinal of the first row, events)."""

    def __init__(self) -> None:
        self.appends: list[tuple[int, list[Event]]] = []

    def append(self, events: list[Event], first_ordinal: int) -> None:
        self.appends.append((first_ordinal, events))


def row(step: float, level: int = 0, series: str = "evaluation") -> Measured:
    return Measured(series=series, key=LotteryKey(level=level), columns={"step": [step], "loss": [-step]})


SAVED = ArtifactSaved(key=LotteryKey(), name="init", sha256="0" * 64, size_bytes=1, media_type="x/y")


@pytest.fixture
def log() -> Log:
    return Log()


def test_an_isolated_row_goes_at_once(log: Log) -> None:
    Batcher(log.append, 7).add(row(1))
    assert log.appends == [(7, [row(1)])]


def test_a_stream_is_merged_by_series_and_place(log: Log) -> None:
    batch = Batcher(log.append, 0)
    batch.add(row(0))
    for event in (row(1), row(2), row(3, level=1), SAVED, row(4, level=1), row(5, series="outcome")):
        batch.add(event)
    assert len(log.appends) == 1
    batch.flush()
    first, events = log.appends[1]
    assert first == 1
    assert events == [
        Measured(series="evaluation", key=LotteryKey(), columns={"step": [1, 2], "loss": [-1, -2]}),
        row(3, level=1),
        SAVED,
        row(4, level=1),
        row(5, series="outcome"),
    ]
    assert batch.next_ordinal == 7


def test_columns_that_differ_are_not_merged(log: Log) -> None:
    batch = Batcher(log.append, 0)
    batch.add(row(0))
    other = Measured(series="evaluation", key=LotteryKey(), columns={"step": [1.0]})
    batch.add(row(1))
    batch.add(other)
    batch.flush()
    assert log.appends[1] == (1, [row(1), other])


def test_several_rows_take_as_many_numbers(log: Log) -> None:
    batch = Batcher(log.append, 0)
    batch.add(Measured(series="layers", key=LotteryKey(), columns={"layer": [0, 1, 2]}))
    batch.add(row(1))
    batch.flush()
    assert [first for first, _ in log.appends] == [0, 3]


def test_what_waits_goes_with_a_tick(log: Log) -> None:
    batch = Batcher(log.append, 0)
    batch.add(row(0))
    batch.add(row(1))
    batch.tick()
    assert len(log.appends) == 1
    time.sleep(batcher.EVERY_S)
    batch.tick()
    assert [first for first, _ in log.appends] == [0, 1]


def test_an_empty_flush_appends_nothing(log: Log) -> None:
    Batcher(log.append, 0).flush()
    assert log.appends == []


def test_a_merge_leaves_the_events_that_came_as_they_were(log: Log) -> None:
    batch = Batcher(log.append, 0)
    batch.add(row(0))
    second, third = row(1), row(2)
    batch.add(second)
    batch.add(third)
    assert second == row(1)
