"""Seconds per step, from what an experiment yields and how long each output took."""

import pytest

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotteryKey
from workers.speed import Stopwatch

ROW = Measured(series="evaluation", key=LotteryKey(), columns={"step": [0.0]})


def at(done: int) -> Progress:
    return Progress(done=done, total=100, step=done)


def test_evaluations_count_and_preparations_do_not() -> None:
    watch = Stopwatch()
    for output, seconds in ((ROW, 9.0), (at(0), 9.0), (ROW, 0.5), (at(10), 1.0), (at(20), 1.0), (ROW, 0.5)):
        watch.lap(output, seconds)
    assert watch.step_s() == pytest.approx(3.0 / 20)


def test_the_mean_is_over_all_trainings_so_far() -> None:
    """A dense level takes longer than a sparse one, and one optimizer than another: the last alone would mislead."""
    watch = Stopwatch()
    assert watch.step_s() is None
    watch.lap(at(10), 9.0)
    assert watch.step_s() is None
    watch.lap(at(20), 1.0)
    assert watch.step_s() == pytest.approx(0.1)
    # Preparing the next training takes its time too.
    for output, seconds in ((ROW, 0.5), (at(20), 0.5), (at(30), 2.0)):
        watch.lap(output, seconds)
    assert watch.step_s() == pytest.approx(4.0 / 20)
