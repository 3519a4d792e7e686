"""What is said of a unit, and of a collapse, in a network with shortcuts, and in one that could not be traced."""

from typing import Any

import numpy as np
import pytest
import torch

from app.atlas.collapses import collapses
from app.atlas.overlaps import overlaps
from app.atlas.reader import Reader
from app.atlas.units import unit
from app.plotting.tickets.overlap_view import OverlapOptions
from app.store import Store
from tests.app.masked_run import Kernels, MaskedRun, write_run
from tests.workers.science.architecture.networks import ResNet20
from workers.science.architecture.architecture import described
from workers.science.models.prunable import prunable

NETWORK = ResNet20(4)
SHAPES = {name.removesuffix(".weight"): layer.shape for name, layer in prunable(NETWORK).items()}
KNOWN = described(NETWORK, torch.zeros(2, 3, 8, 8))
REASON = {"reason": "not defined for this model, because no rule follows the operation roll"}


def written(store: Store, architecture: dict[str, Any] | None, empty: tuple[str, ...]) -> MaskedRun:
    random = np.random.default_rng(0)
    full: Kernels = {name: np.ones(shape, bool) for name, shape in SHAPES.items()}
    pruned = {name: random.random(shape) < (0 if name in empty else 0.5) for name, shape in SHAPES.items()}
    return write_run(store, SHAPES, levels=1, architecture=architecture, masks=[[full, pruned]])


def test_a_unit_of_a_stream_is_read_by_every_block_behind_it(store: Store) -> None:
    run = written(store, KNOWN, ())
    found = unit(Reader(store), run.ref(0, 1), 0, 2)
    mask = run.masks[0][1]
    read = ["blocks.0.c1", "blocks.1.c1", "blocks.2.c1", "blocks.3.c1", "blocks.3.short.0"]
    assert found.readers == read
    assert found.out_degree == sum(int(mask[name][:, 2].sum()) for name in read)
    assert [name for name, _ in found.reached][-1] == "out"
    assert len(found.reached) == len(SHAPES) - 1
    assert found.reason is None


def test_a_shortcut_keeps_a_network_from_collapsing(store: Store) -> None:
    reader = Reader(store)
    bridged = written(store, KNOWN, ("blocks.1.c1",))
    assert collapses(reader, store.run(bridged.id)) == {}
    cut = written(store, KNOWN, ("blocks.3.c1", "blocks.3.short.0"))
    found = collapses(reader, store.run(cut.id))[0, 1]
    assert (found.empty, found.cut, found.bridged) == (("blocks.3.c1", "blocks.3.short.0"), "blocks.3.c1", False)


def test_of_a_model_that_could_not_be_traced_less_is_said(store: Store) -> None:
    reader = Reader(store)
    run = written(store, REASON, ("blocks.1.c1",))
    found = unit(reader, run.ref(0, 1), 0, 2)
    assert (found.out_degree, found.readers, found.reached, found.reason) == (None, [], [], REASON["reason"])
    assert not found.assumed_chain
    # Its masks do not tell whether a shortcut leads around the layer, so no cut is named.
    collapse = collapses(reader, store.run(run.id))[0, 1]
    assert (collapse.empty, collapse.cut, collapse.bridged) == (("blocks.1.c1",), "", True)


ASIDE = "not stated: by its name, blocks.3.short.0 is no link of a chain of layers, and masks alone do not show the"


@pytest.mark.parametrize(
    ("architecture", "known", "why"),
    [(KNOWN, True, ""), (REASON, False, REASON["reason"]), (None, False, f"{ASIDE} architecture")],
)
def test_the_unit_permuted_null_holds_for_units_that_may_trade_places(
    store: Store, architecture: dict[str, Any] | None, known: bool, why: str
) -> None:
    run = written(store, architecture, ())
    matrix = overlaps(Reader(store), run.id, OverlapOptions())
    assert np.isfinite(matrix.expected["unit_permuted"]).any() == known
    assert matrix.unpermuted == why
    assert np.isfinite(matrix.expected["uniform"]).all()
