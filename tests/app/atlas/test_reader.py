"""Masks come out of the store as they went in, whatever they were stored against, and are read once."""

import numpy as np
import pytest

from app.atlas.reader import Reader
from app.contract.tickets import TicketRef
from app.masks.codec import matrix, unpack
from app.store import Store
from app.store.errors import NotFound
from tests.app.atlas.saved import Saved
from tests.app.masked_run import nested, write_run

SHAPES = {"conv1": (5, 3, 3, 3), "fc1": (7, 20), "fc2": (4, 7)}


@pytest.fixture
def reader(store: Store) -> Reader:
    return Reader(store)


def test_every_mask_comes_back(store: Store, reader: Reader) -> None:
    run = write_run(store, SHAPES, levels=4, replicates=2, controls=("shuffled", "reinit"))
    for replicate in range(2):
        for level in range(5):
            for number, name in enumerate(SHAPES):
                bits = reader.bits(run.ref(replicate, level), number)
                expected = matrix(run.masks[replicate][level][name])
                assert np.array_equal(unpack(bits, expected.shape[1]), expected)
    for (replicate, level, control), masks in run.controls.items():
        bits = reader.bits(run.ref(replicate, level, control), 1)
        assert np.array_equal(unpack(bits, 20), masks["fc1"])


def test_masks_that_are_not_nested_come_back(store: Store, reader: Reader) -> None:
    random = np.random.default_rng(3)
    masks = [{"fc1": random.random((9, 17)) < 0.4} for _ in range(4)]
    run = write_run(store, {"fc1": (9, 17)}, levels=3, masks=[masks])
    for level, mask in enumerate(masks):
        assert np.array_equal(unpack(reader.bits(run.ref(0, level), 0), 17), mask["fc1"])


@pytest.mark.parametrize("levels", [1, 2, 7, 20])
def test_death_is_the_first_level_without_the_weight(store: Store, reader: Reader, levels: int) -> None:
    random = np.random.default_rng(levels)
    chain = nested(random, (13, 21), levels, 0.8)
    chain[-1] |= random.random((13, 21)) < 0.2  # some come back at the end, which makes them no less dead
    run = write_run(store, {"fc1": (13, 21)}, levels=levels, masks=[[{"fc1": mask} for mask in chain]])
    expected = np.full((13, 21), levels + 1)
    for level in reversed(range(levels + 1)):
        expected[~chain[level]] = level
    assert np.array_equal(reader.death(run.id, 0, 0), expected)


def test_a_second_reading_needs_no_bytes(store: Store, reader: Reader) -> None:
    run = write_run(store, SHAPES, levels=3)
    first = reader.bits(run.ref(0, 3), 0)
    for ref in store.artifacts(run.id):
        store.artifacts_store.delete(ref.id)
    assert reader.bits(run.ref(0, 3), 0) is first
    with pytest.raises(NotFound, match="no longer in the artifact store"):
        reader.bits(run.ref(0, 3), 1)


def test_what_is_kept_stays_within_its_budget(store: Store) -> None:
    reader = Reader(store, budget_bytes=100)
    run = write_run(store, {"fc1": (16, 32)}, levels=6)
    for level in range(7):
        assert np.array_equal(unpack(reader.bits(run.ref(0, level), 0), 32), run.masks[0][level]["fc1"])
    assert 0 < reader.cache.size_bytes <= 100


def test_what_is_not_there_is_named(store: Store, reader: Reader) -> None:
    run = write_run(store, SHAPES)
    with pytest.raises(NotFound, match=f"no mask of ticket {run.id}:0:9"):
        reader.bits(run.ref(0, 9), 0)
    with pytest.raises(NotFound, match="no layer 'fc9'; its layers are conv1, fc1, fc2"):
        reader.index(run.id).layer("fc9")
    with pytest.raises(NotFound):
        reader.bits(TicketRef("0000000000", 0, 0), 0)


def test_a_live_run_grows(store: Store, reader: Reader) -> None:
    run = Saved(store, replicates=1, levels=1, draws=0)
    before = reader.index(run.id)
    assert before.levels(0) == [0, 1]
    assert reader.index(run.id) is before
    assert reader.death(run.id, 0, 2).max() == 2
    run.level(0, 2, draws=0)
    assert reader.index(run.id).levels(0) == [0, 1, 2]
    assert np.array_equal(reader.death(run.id, 0, 2) == 3, run.masks[0, 2, "winning_ticket", 0]["fc1"])


def test_tickets_that_share_their_initial_weights_say_so(store: Store, reader: Reader) -> None:
    one = write_run(store, {"fc1": (4, 8)}, replicates=2, controls=("reinit", "shuffled"))
    same = write_run(store, {"fc1": (4, 8)}, replicates=1, controls=("shuffled",))
    first = reader.initial(one.ref(0, 1))
    assert first is not None
    assert first == reader.initial(one.ref(0, 2)) == reader.initial(one.ref(0, 1, "shuffled"))
    assert reader.initial(one.ref(1, 1)) != first
    assert reader.initial(one.ref(0, 1, "reinit")) is None
    # The same draw in another run is the same artifact.
    assert reader.initial(same.ref(0, 1)) == first
