"""How many replicates a worker takes on, by the memory that its device says it has; no device is needed to ask."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from app.store import Store
from tests.app.erased_run import erasure_spec
from tests.lab import small_spec
from tests.workers.test_together_memory import Deaf
from workers import child, gpu_memory
from workers.gpu_memory import Memory, fitted
from workers.job import Job
from workers.science.experiments import erasure
from workers.science.experiments.lottery import footprint

EIGHT = small_spec(replicates=8)
PLENTY = 10**12


def job(store: Store, folder: Path, width: int = 8, device: str = "cuda:0") -> Job:
    claim = store.claim("cpu", "a test")
    assert claim is not None
    siblings = store.claim_siblings(claim, width, "a test")
    return Job(claim, Settings(data_dir=folder), "a test", device, width, tuple(siblings))


def room_for(replicates: float) -> int:
    """The memory of a device that four fifths of are enough for so many."""
    needed = footprint(EIGHT, Path())
    return int((needed.shared + replicates * needed.per_replicate) / gpu_memory.SHARE) + 1


@pytest.mark.parametrize(
    ("free", "width", "kept"),
    [
        (PLENTY, 8, list(range(8))),
        (room_for(8), 8, list(range(8))),
        (room_for(7.9), 7, list(range(7))),
        (room_for(3), 3, [0, 1, 2]),
        # Less than one has room now, but others may leave: whether it fits is seen when it is tried.
        (room_for(0.5), 1, [0]),
    ],
)
def test_as_many_as_fit_are_kept_and_the_others_given_back(
    store: Store, tmp_path: Path, free: int, width: int, kept: list[int]
) -> None:
    run_id = store.create_run(EIGHT, name="x").id
    found = fitted(job(store, tmp_path), store, lambda _: Memory(free, PLENTY))
    assert found is not None
    assert found.width == width
    assert [claim.replicate for claim in found.claims] == kept
    states = [shard.state for shard in store.shards(run_id)]
    assert states == ["running" if replicate in kept else "queued" for replicate in range(8)]
    # Nobody lost a try, and whoever comes next has its own place in a stack as wide.
    later = store.claim("cpu", "another")
    assert (later is None) == (len(kept) == 8)
    if later is not None:
        again = Job(later, found.settings, "another", "cuda:0", 8, tuple(store.claim_siblings(later, 8, "another")))
        rest = fitted(again, store, lambda _: Memory(free, PLENTY))
        assert rest is not None
        assert [claim.replicate // width for claim in rest.claims] == [1] * min(width, 8 - width)


@pytest.mark.parametrize(
    ("free", "most", "at_once"),
    [(PLENTY, 4, 4), (room_for(13), 4, 4), (room_for(11.5), 4, 3), (room_for(0.5), 4, 1)],
)
def test_of_each_as_many_trainings_are_made_at_once_as_fit(
    store: Store, tmp_path: Path, free: int, most: int, at_once: int
) -> None:
    store.create_run(small_spec(replicates=3), name="x")
    found = fitted(replace(job(store, tmp_path, 3), at_once=most), store, lambda _: Memory(free, PLENTY))
    assert found is not None
    assert found.at_once == at_once
    assert found.widest <= at_once


@pytest.mark.parametrize(
    ("together", "device", "free", "width"),
    [
        (1, "cpu", PLENTY, 1),
        (6, "cpu", 0, 6),
        (8, "cuda:0", PLENTY, 6),
        # Two stacks of three, not one of four and one of two.
        (4, "cuda:0", PLENTY, 3),
        (5, "cuda:0", PLENTY, 3),
        (2, "cuda:0", PLENTY, 2),
        (8, "cuda:0", 4.5, 3),
        (8, "cuda:0", 1.2, 1),
        (8, "cuda:0", 0.2, 1),
    ],
)
def test_rates_of_an_erasure_are_as_many_at_once_as_setting_and_memory_allow(
    store: Store, tmp_path: Path, together: int, device: str, free: float, width: int
) -> None:
    """The largest grid has six cells: three rates with the picture and without it."""
    spec = erasure_spec({"sgd": (0.5,), "adam": (0.001, 0.003, 0.01)})
    needed = erasure.footprint(spec, Path())
    has = PLENTY if free == PLENTY else int((needed.shared + free * needed.per_replicate) / gpu_memory.SHARE) + 1
    store.create_run(spec, name="x")
    claim = store.claim("cpu", "a test")
    assert claim is not None
    mine = Job(claim, Settings(data_dir=tmp_path), "a test", device, at_once=together)
    found = fitted(mine, store, lambda asked: None if asked == "cpu" else Memory(has, PLENTY))
    assert found is not None
    assert found.widest == width


def test_what_has_nothing_to_stack_is_not_asked_how_large_it_is(store: Store, tmp_path: Path) -> None:
    store.create_run(erasure_spec({"dualised": (0.5, 1.0)}), name="x")
    claim = store.claim("cpu", "a test")
    assert claim is not None

    def never(device: str) -> Memory:
        raise AssertionError(device)

    found = fitted(Job(claim, Settings(data_dir=tmp_path), "a test", "cuda:0", at_once=8), store, never)
    assert found is not None
    assert not found.stacked


def test_what_can_never_fit_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    run_id = store.create_run(small_spec(replicates=2), name="x").id
    small = Memory(room_for(0.9), room_for(0.9))
    assert fitted(job(store, tmp_path, 2), store, lambda _: small) is None
    assert [shard.state for shard in store.shards(run_id)] == ["queued", "queued"]
    assert store.claim("cpu", "a test") is None
    refusals = store.refusals(run_id)
    assert [refusal.replicate for refusal in refusals] == [0, 1]
    needed = footprint(EIGHT, Path())
    size = f"{(needed.shared + needed.per_replicate) / 1e6:.0f} MB"
    assert refusals[0].reason == (
        f"one replicate takes about {size} of memory, and cuda:0 has {small.total / 1e6:.0f} MB, of which 80% are used"
    )
    assert store.claim("cpu", "another, with more memory") is not None


def test_a_cpu_is_not_asked(store: Store, tmp_path: Path) -> None:
    store.create_run(EIGHT, name="x")
    mine = job(store, tmp_path, device="cpu")
    assert gpu_memory.memory("cpu") is None
    assert fitted(mine, store) is mine


def test_who_has_begun_keeps_to_the_plan_and_who_cannot_be_stacked_is_alone(store: Store, tmp_path: Path) -> None:
    def nobody(device: str) -> Memory:
        raise AssertionError(device)

    run_id = store.create_run(EIGHT, name="x").id
    first = job(store, tmp_path)
    begun = replace(first, claim=replace(first.claim, plan={"replicates": 8}))
    assert fitted(begun, store, nobody) is begun
    store.cancel_run(run_id)
    store.create_run(small_spec(optimizer={"kind": "muon"}), name="y")
    alone = job(store, tmp_path, 1)
    assert fitted(alone, store, nobody) is alone


def test_those_that_are_kept_train_as_a_stack_that_wide(store: Store, tmp_path: Path) -> None:
    spec = small_spec(steps=20, levels=1, branches=[], replicates=8)
    run_id = store.create_run(spec, name="x").id
    found = fitted(job(store, tmp_path, device="cpu"), store, lambda _: Memory(room_for(3), PLENTY))
    assert found is not None
    child.run_together(found, Deaf())  # type: ignore[arg-type]
    assert [shard.state for shard in store.shards(run_id)] == ["finished"] * 3 + ["queued"] * 5
    plans = [event.event["plan"] for event in store.events(run_id, limit=1_000) if event.event["kind"] == "started"]
    assert [plan["replicates"] for plan in plans] == [3, 3, 3]
