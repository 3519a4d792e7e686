"""Speed, time left and notes, by hand."""

from typing import cast

import pytest

from app.contract.events import Progress
from app.kinds.lottery.spec import LotteryKey
from app.store.progress import Rate, eta_s, note, rate, run_progress
from app.store.tables import AnyRow


class _Shard:
    def __init__(
        self, state: str, done: int, total: int, speed: float | None = None, note: str = "", slot_s: float | None = None
    ) -> None:
        self.state, self.done, self.total, self.speed, self.note = state, done, total, speed, note
        self.slot_s = slot_s


def _shards(*shards: _Shard) -> list[AnyRow]:
    return cast("list[AnyRow]", list(shards))


def test_a_rate_is_unknown_at_first_and_then_a_mean_that_forgets() -> None:
    first = rate(None, 100, 0.0)
    assert first == Rate(None, 100, 0.0)
    assert rate(first, 150, 0.5) == first
    second = rate(first, 300, 2.0)
    assert second == Rate(100.0, 300, 2.0)
    stalled = rate(second, 300, 12.0)
    assert stalled.speed == pytest.approx(100.0 / 2.718281828)


def test_a_rate_starts_over_when_a_new_attempt_is_behind() -> None:
    assert rate(Rate(100.0, 300, 2.0), 50, 4.0) == Rate(None, 50, 4.0)


def test_no_speed_no_estimate() -> None:
    assert eta_s(_shards(_Shard("queued", 0, 100))) is None
    assert eta_s(_shards(_Shard("running", 0, 100))) is None
    assert eta_s(_shards(_Shard("running", 0, 100, 0.0))) is None


def test_the_slowest_running_shard_decides() -> None:
    assert eta_s(_shards(_Shard("running", 50, 100, 10.0), _Shard("running", 0, 100, 5.0))) == 20.0


def test_queued_shards_are_dealt_to_as_many_lanes_as_run_now() -> None:
    running = [_Shard("running", 0, 100, 10.0), _Shard("running", 50, 100, 10.0)]
    queued = [_Shard("queued", 0, 100) for _ in range(3)]
    # The lanes end at 10 s and 5 s; then 15, 20 and 25 s.
    assert eta_s(_shards(*running, *queued)) == 25.0
    assert eta_s(_shards(_Shard("finished", 100, 100), running[0], queued[0])) == 20.0


def test_a_shard_that_has_just_begun_is_told_the_speed_of_those_that_have_finished() -> None:
    finished = [_Shard("finished", 100, 100, slot_s=slot_s) for slot_s in (10.0, 5.0)]
    begun, waiting = _Shard("running", 30, 100), _Shard("queued", 0, 100)
    # 10 and 20 steps a second.
    assert eta_s(_shards(*finished, begun)) == pytest.approx(70 / 15)
    assert eta_s(_shards(*finished, begun, waiting)) == pytest.approx(170 / 15)
    assert eta_s(_shards(*finished, begun, _Shard("running", 0, 100, 10.0))) == 10.0
    assert eta_s(_shards(*finished)) is None
    assert eta_s(_shards(_Shard("finished", 100, 100), begun)) is None
    assert eta_s(_shards(*finished, waiting)) is None


def test_run_progress_sums_and_names_what_runs() -> None:
    progress = run_progress(_shards(_Shard("finished", 100, 100), _Shard("running", 20, 100, 10.0, "level 1, reinit")))
    assert (progress.done, progress.total, progress.eta_s, progress.note) == (120, 200, 8.0, "level 1, reinit")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (LotteryKey(), "dense network"),
        (LotteryKey(level=3), "level 3, winning ticket"),
        (LotteryKey(level=3, control="reinit", draw=2), "level 3, reinit 3"),
    ],
)
def test_notes_are_words(place: LotteryKey, words: str) -> None:
    assert note(Progress(done=0, total=1, key=place)) == words
    assert note(Progress(done=0, total=1, key=place, note="784×300 at 5 %")) == "784×300 at 5 %"
