"""Two stored runs side by side."""

import numpy as np
import pytest

from app.kinds.lottery.spec import LotteryKey
from app.repeat.comparison import LISTED, compare_runs
from app.store import Conflict, Store
from tests.app.masked_run import write_run

SHAPES = {"fc1": (6, 8), "fc2": (3, 6)}


def test_the_same_run_twice_is_identical(store: Store) -> None:
    then, now = (store.run(write_run(store, SHAPES, replicates=2, seed=3).id) for _ in range(2))
    comparison = compare_runs(store, then, now)
    assert comparison.identical
    # Of each replicate: initial weights, and of three levels layers, mask, pyramid and ticket.
    assert (comparison.same, comparison.different, comparison.only_then, comparison.only_now) == (
        2 * (1 + 3 * 4),
        0,
        0,
        0,
    )
    assert (comparison.differences, comparison.reasons) == ((), ())


def test_one_other_mask_is_found_where_it_lies(store: Store) -> None:
    first = write_run(store, SHAPES, replicates=2, seed=3)
    masks = [[dict(level) for level in replicate] for replicate in first.masks]
    masks[1][2]["fc2"] = np.zeros_like(masks[1][2]["fc2"])
    second = write_run(store, SHAPES, replicates=2, seed=3, masks=masks)
    comparison = compare_runs(store, store.run(first.id), store.run(second.id))
    assert not comparison.identical
    places = [
        (difference.replicate, difference.key["level"], difference.sort, difference.name)
        for difference in comparison.differences
    ]
    assert places == [(1, 2, "rows", "layers"), *((1, 2, "artifact", name) for name in ("mask", "pyramid", "ticket"))]
    assert "first kept at row 1: " in comparison.differences[0].text
    assert comparison.different == 4
    # Everything that was recorded of how they were made is the same.
    assert comparison.reasons == ()


def test_other_networks_give_their_reason(store: Store) -> None:
    then = store.run(write_run(store, SHAPES).id)
    now = store.run(write_run(store, {"fc1": (5, 8), "fc2": (3, 5)}).id)
    comparison = compare_runs(store, then, now)
    assert [(reason.key, reason.then, reason.now) for reason in comparison.reasons] == [
        ("layers", "fc1 6×8, fc2 3×6", "fc1 5×8, fc2 3×5")
    ]


def test_what_only_one_of_them_has_is_no_difference_in_numbers(store: Store) -> None:
    small, large = (store.run(write_run(store, SHAPES, replicates=n, seed=3).id) for n in (1, 2))
    # Drawn from one generator, the first replicate of both is the same.
    comparison = compare_runs(store, small, large)
    assert (comparison.identical, comparison.different, comparison.only_then, comparison.only_now) == (False, 0, 0, 13)
    assert compare_runs(store, large, small).only_then == 13


def test_many_differences_are_counted_and_the_first_listed(store: Store) -> None:
    then, now = (store.run(write_run(store, SHAPES, replicates=6, seed=seed).id) for seed in (0, 1))
    comparison = compare_runs(store, then, now)
    assert comparison.different > len(comparison.differences) == LISTED
    assert (comparison.differences[0].replicate, comparison.differences[0].name) == (0, "init")


def test_runs_are_compared_once_they_have_finished(store: Store) -> None:
    done, live = store.run(write_run(store, SHAPES).id), store.run(write_run(store, SHAPES, finish=False).id)
    for pair in ((done, live), (live, done)):
        with pytest.raises(Conflict, match=f"run {live.id} is running"):
            compare_runs(store, *pair)


def test_a_draw_of_a_control_has_a_place_of_its_own(store: Store) -> None:
    one, two = (store.run(write_run(store, SHAPES, controls=("random",), seed=seed).id) for seed in (0, 1))
    found = {LotteryKey.model_validate(difference.key) for difference in
             compare_runs(store, one, two).differences}  # fmt: skip
    assert LotteryKey(level=2, control="random", draw=0) in found
