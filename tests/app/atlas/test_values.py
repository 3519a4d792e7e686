"""Exact weights: where a training started and ended, wherever these are stored."""

from typing import Any

import numpy as np
import pytest

from app.atlas.reader import Reader
from app.atlas.values import Values
from app.masks.codec import matrix
from app.store import Store
from tests.app.masked_run import MaskedRun, write_run

SHAPES = {"conv1": (6, 2, 3, 3), "fc1": (5, 24)}


def read(store: Store, run: MaskedRun, layer: int, level: int, first: int, last: int, **knobs: Any) -> Any:
    with Values(Reader(store), run.ref(0, level, **knobs), layer) as values:
        return values.start(first, last), values.end(first, last)


@pytest.mark.parametrize(("layer", "name"), list(enumerate(SHAPES)))
def test_rows_are_those_that_were_saved(store: Store, layer: int, name: str) -> None:
    run = write_run(store, SHAPES, levels=2)
    mask = matrix(run.masks[0][2][name])
    for first, last in ((0, len(mask)), (1, 4), (2, 3)):
        start, end = read(store, run, layer, 2, first, last)
        for found, saved in ((start, run.init), (end, run.trained)):
            expected = np.where(mask, matrix(saved[0][name]), np.nan)[first:last]
            assert np.array_equal(found, expected, equal_nan=True)


def test_a_ticket_that_trained_on_starts_where_its_parent_ended(store: Store) -> None:
    run = write_run(store, SHAPES, levels=2, rewind="fine_tune")
    start, _ = read(store, run, 1, 2, 0, 5)
    mask = run.masks[0][2]["fc1"]
    assert np.array_equal(start, np.where(mask, run.trained[0]["fc1"], np.nan), equal_nan=True)


def test_controls_have_masks_but_no_weights(store: Store) -> None:
    run = write_run(store, SHAPES, controls=("shuffled",))
    with Values(Reader(store), run.ref(0, 1, "shuffled"), 1) as values:
        assert not values.has_start
        assert not values.has_end
        assert np.isnan(values.end(0, 5)).all()
