"""The exact values of a viewport, in the order in which it is shown."""

import numpy as np
import pytest

from app.atlas.cells import MAX_CELLS, cells
from app.atlas.orders import orders, seriation
from app.atlas.reader import Reader
from app.atlas.tiles import OutOfRange, View
from app.atlas.units import unit
from app.masks.codec import pack
from app.store import Store
from tests.app.masked_run import write_run


@pytest.mark.parametrize("order", ["natural", "degree", "cluster"])
def test_cells_are_those_of_the_run(store: Store, order: str) -> None:
    reader = Reader(store)
    run = write_run(store, {"fc1": (12, 20)}, levels=3, replicates=2)
    grid = cells(reader, run.ref(1, 2), 0, View(2, 9, 3, 17, 1, 1), rows=order, columns=order)  # type: ignore[arg-type]
    down, across = orders(reader, run.ref(1, 2), 0, order, order)  # type: ignore[arg-type]
    part = np.ix_(down[2:9], across[3:17])
    chain = [level["fc1"] for level in run.masks[1]]
    assert np.array_equal(grid.kept, chain[2][part])
    assert np.array_equal(grid.death, np.sum(chain, axis=0)[part])
    assert np.array_equal(grid.start, run.init[1]["fc1"][part])  # of pruned weights too
    assert np.array_equal(grid.end, np.where(chain[2], run.trained[1]["fc1"], np.nan)[part], equal_nan=True)
    both = run.masks[0][2]["fc1"].astype(int) + run.masks[1][2]["fc1"]
    assert np.array_equal(grid.replicates, both[part])


def test_more_than_a_page_can_draw_is_refused(store: Store) -> None:
    run = write_run(store, {"fc1": (200, 200)}, levels=1)
    with pytest.raises(OutOfRange, match="zoom in"):
        cells(Reader(store), run.ref(), 0, View(0, 200, 0, 200, 1, 1))
    grid = cells(Reader(store), run.ref(), 0, View(0, 100, 0, 200, 1, 1))
    assert grid.kept.size == MAX_CELLS


def test_orders_are_permutations_and_degrees_fall(store: Store) -> None:
    reader = Reader(store)
    run = write_run(store, {"fc1": (12, 20)}, levels=2)
    for order in ("degree", "cluster"):
        down, across = orders(reader, run.ref(0, 2), 0, order, order)
        assert sorted(down) == list(range(12))
        assert sorted(across) == list(range(20))
    down, _ = orders(reader, run.ref(0, 2), 0, "degree", "natural")
    assert (np.diff(run.masks[0][2]["fc1"].sum(axis=1)[down]) <= 0).all()


def test_clusters_that_were_shuffled_come_together() -> None:
    random = np.random.default_rng(0)
    # Two groups of units that read two groups of inputs, with a few weights across.
    mask = np.kron(np.eye(2), np.ones((30, 40))) * (random.random((60, 80)) < 0.5) + (random.random((60, 80)) < 0.02)
    rows, columns = random.permutation(60), random.permutation(80)
    down, across = seriation(pack(mask[rows][:, columns]), 80)
    for places, order, half in ((down, rows, 30), (across, columns, 40)):
        group = (order < half)[np.argsort(places)]
        assert len(set(group[:half])) == 1
        assert len(set(group[half:])) == 1


def test_a_unit_knows_its_neighbours(store: Store) -> None:
    reader = Reader(store)
    run = write_run(store, {"fc1": (7, 16), "fc2": (5, 7), "fc3": (3, 5)}, levels=1, picture=(1, 4, 4))
    first, second, third = (run.masks[0][1][name].astype(int) for name in ("fc1", "fc2", "fc3"))
    for number in range(7):
        found = unit(reader, run.ref(0, 1), 0, number)
        assert (found.in_degree, found.out_degree) == (first[number].sum(), second[:, number].sum())
        assert (found.picture, found.assumed) == ((1, 4, 4), False)
        assert np.array_equal(found.kept, first[number])
        assert [name for name, _ in found.reached] == ["fc2", "fc3"]
        assert np.array_equal(found.reached[1][1], third @ second[:, number])
    last = unit(reader, run.ref(0, 1), 2, 0)
    assert (last.out_degree, last.picture, last.reached) == (None, None, [])
    with pytest.raises(OutOfRange):
        unit(reader, run.ref(0, 1), 0, 7)


def test_a_convolution_shows_its_kernels_and_the_flattened_layer_reads_channels(store: Store) -> None:
    run = write_run(store, {"conv1": (4, 3, 3, 3), "fc1": (6, 4 * 5)}, levels=1)
    found = unit(Reader(store), run.ref(0, 1), 0, 2)
    assert (found.picture, found.in_degree) == ((3, 3, 3), run.masks[0][1]["conv1"][2].sum())
    read = run.masks[0][1]["fc1"][:, 10:15]
    assert found.out_degree == read.sum()
    assert np.array_equal(found.reached[0][1], read.sum(axis=1))


def test_an_unknown_input_is_assumed_to_be_a_square(store: Store) -> None:
    run = write_run(store, {"fc1": (3, 3 * 64)}, levels=1)
    found = unit(Reader(store), run.ref(), 0, 0)
    assert (found.picture, found.assumed) == ((3, 8, 8), True)
