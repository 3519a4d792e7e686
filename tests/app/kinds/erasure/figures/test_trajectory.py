"""One measure over steps: which replicates are in the mean, and what is kept of one that diverged."""

from typing import Any

import numpy as np

from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.trajectory import Lost, Trajectory, trajectory
from app.plotting.source import Options, Source
from tests.app.erasure_rows import NAN, ending, erasure_run, moment, place, series

ONE = {"sgd": (1.0,)}
RUN = erasure_run(optimizers=ONE, replicates=3)


def made(steps: dict[int, list[int]], ended: dict[int, float]) -> Trajectory:
    """The course of visibility, 0.5 + replicate / 10 + step / 1000, from the steps that each replicate has reached;
    `ended` has the step at which each diverged, NaN where it did not."""
    rows = [
        moment(place(replicate=r, optimizers=ONE), step, visibility=0.5 + r / 10 + step / 1000,
               null_low=0.4 + r / 100, null_high=0.6)
        for r, reached in steps.items() for step in reached
    ]  # fmt: skip
    tables = {"erasure": series(rows[::-1])} if rows else {}
    if ended:
        tables["ending"] = series(
            [ending(place(replicate=r, optimizers=ONE), diverged=step) for r, step in ended.items()]
        )
    source = Source(RUN, Options(), tables)
    (each,) = trainings.ends(source, 16)
    return trajectory(source, each, 0, "visibility", best=True)


def test_course_by_hand(same: Any) -> None:
    found = made({0: [0, 10], 1: [0, 10, 100], 2: [0, 10]}, {1: NAN, 2: 32})
    lost = Lost(2, np.array([0, 10]), np.array([0.7, 0.71]), 32)
    assert same(
        found,
        Trajectory("sgd", 1.0, True, True, np.array([0, 10, 100]), np.array([[NAN, 0.6, NAN], [NAN, 0.61, NAN],
                                                                        [NAN, 0.7, NAN]]),
               np.array([0.41] * 3), np.array([0.6] * 3), (lost,)),
    )  # fmt: skip
    assert found.n == 1


def test_before_any_has_ended_it_goes_as_far_as_all_have_come(same: Any) -> None:
    found = made({0: [0, 10, 100], 1: [0, 10]}, {})
    assert found.steps.tolist() == [0, 10]
    assert same(found.values, np.array([[0.5, 0.6, NAN], [0.51, 0.61, NAN]]))
    assert same(found.low, np.array([0.405, 0.405]))


def test_one_that_begins_later_does_not_shorten_what_has_ended() -> None:
    found = made({0: [0, 10, 100], 1: [0]}, {0: NAN})
    assert (found.steps.tolist(), found.n) == ([0, 10, 100], 1)


def test_without_a_row_or_where_all_diverged_it_is_empty() -> None:
    assert made({}, {}).steps.tolist() == []
    assert made({}, {0: NAN}).n == 0
    found = made({0: [0, 1]}, {0: 2})
    assert (len(found.steps), found.n, found.lost[0].diverged_step) == (0, 0, 2)


def test_another_width_twin_or_rate_is_no_part_of_it() -> None:
    two = {"sgd": (1.0, 2.0), "adam": (1.0,)}
    run = erasure_run(optimizers=two, widths=(16, 32), replicates=1, twins=True)
    where = [
        place(image="none", optimizers=two), place(width=32, optimizers=two), place("sgd", 1, optimizers=two),
        place("adam", optimizers=two),
    ]  # fmt: skip
    source = Source(run, Options(), {"erasure": series([moment(item, 0) for item in where])})
    each = trainings.ends(source, 16)[0]
    assert len(trajectory(source, each, 0, "visibility", best=True).steps) == 0
    assert len(trajectory(source, each, 1, "visibility", best=True).steps) == 1
    twin = trainings.ends(source, 16, "none")[0]
    assert not trajectory(source, twin, 0, "visibility", best=True).marked
    assert len(trajectory(source, twin, 0, "visibility", best=True).steps) == 1
