"""Overlaps read from a real store: which tickets are chosen, and the same numbers as from the masks themselves."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from app.atlas import overlaps as module
from app.atlas.overlaps import overlaps
from app.atlas.reader import Reader
from app.contract.experiment import FieldError
from app.masks import chance
from app.masks.overlap import Overlaps
from app.masks.sums import strata_of
from app.plotting.tickets.overlap_view import ChanceOptions, MatrixOptions
from app.store import Store
from tests.app.atlas.saved import SHAPES, SHUFFLED, Saved


@pytest.fixture
def run(store: Store) -> Saved:
    return Saved(store)


@pytest.fixture
def reader(store: Store) -> Reader:
    return Reader(store)


def chosen(made: Overlaps) -> list[str]:
    return [str(ref) for ref in made.refs]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["0:2", "1:2", "2:2"]),
        ({"level": "1"}, ["0:1", "1:1", "2:1"]),
        ({"level": 7}, []),
        ({"across": "levels", "replicate": 1}, ["1:0", "1:1", "1:2"]),
        ({"across": "levels", "replicate": 5}, []),
        ({"across": "branches"}, ["0:2", "0:2:shuffled:0", "0:2:shuffled:1"]),
        ({"across": "branches", "replicate": 2, "level": 1}, ["2:1", "2:1:shuffled:0", "2:1:shuffled:1"]),
    ],
)
def test_tickets_are_chosen_across_one_side(
    run: Saved, reader: Reader, options: dict[str, Any], expected: list[str]
) -> None:
    matrix = overlaps(reader, run.id, MatrixOptions.model_validate(options))
    assert chosen(matrix) == [f"{run.id}:{ticket}" for ticket in expected]


def test_named_tickets_keep_their_order(run: Saved, reader: Reader) -> None:
    names = [f"{run.id}:{ticket}" for ticket in ("2:2", "0:1:shuffled:1", "0:1")]
    matrix = overlaps(reader, run.id, MatrixOptions(tickets=" , ".join([*names, names[0]])))
    assert chosen(matrix) == names


def test_the_deepest_level_is_one_that_every_replicate_has(store: Store, reader: Reader) -> None:
    """Of another run that is shown beside it too."""
    run = Saved(store, replicates=2, levels=2)
    run.level(0, 3, draws=0)
    assert {ref.level for ref in overlaps(reader, run.id, MatrixOptions()).refs} == {2}
    run.level(1, 3, draws=0)
    shallow = Saved(store, replicates=1, levels=1, seed=1)
    assert {ref.level for ref in overlaps(reader, run.id, MatrixOptions()).refs} == {3}
    matrix = overlaps(reader, run.id, MatrixOptions(others=shallow.id))
    assert chosen(matrix) == [f"{run.id}:0:1", f"{run.id}:1:1", f"{shallow.id}:0:1"]


def test_a_run_without_masks_has_nothing_to_compare(store: Store, reader: Reader) -> None:
    matrix = overlaps(reader, Saved(store, replicates=1, levels=-1).id, MatrixOptions())
    assert (matrix.refs, matrix.layers, matrix.intersections.shape) == ((), (), (0, 0, 0))


@pytest.mark.parametrize("spread", [False, True])
def test_numbers_are_those_of_the_masks_themselves(run: Saved, reader: Reader, spread: bool) -> None:
    places = [
        (0, 2, "winning_ticket", 0),
        (0, 1, "winning_ticket", 0),
        (1, 2, SHUFFLED, 1),
        (1, 2, "winning_ticket", 0),
    ]
    addresses = ",".join(f"{run.id}:{r}:{level}:{control}:{draw}" for r, level, control, draw in places)
    options = (ChanceOptions if spread else MatrixOptions)(tickets=addresses)
    matrix = overlaps(reader, run.id, options)
    assert matrix.layers == tuple(SHAPES)
    assert matrix.weights.tolist() == [36, 216, 120, 15]
    for (i, a), (j, b), (layer, name) in product(enumerate(places), enumerate(places), enumerate(SHAPES)):
        one, other = run.masks[a][name], run.masks[b][name]
        assert matrix.intersections[i, j, layer] == (one & other).sum()
        assert matrix.sizes[i, layer] == one.sum()
        assert matrix.expected["uniform"][i, j, layer] == pytest.approx(one.sum() * other.sum() / one.size)
        if name == "conv1":
            expected = (one.sum(axis=0) * other.sum(axis=0)).sum() / 4
        elif name == "conv2":
            expected = (one.sum(axis=(0, 1)) * other.sum(axis=(0, 1))).sum() / 24
        elif name == "fc1":  # four inputs for each of six channels
            blocks = [mask.reshape(5, 6, 4).sum(axis=(0, 1)) for mask in (one, other)]
            expected = (blocks[0] * blocks[1]).sum() / 30
        else:
            expected = (one.sum(axis=1) * other.sum(axis=1)).sum() / 5
        assert matrix.expected["unit_permuted"][i, j, layer] == pytest.approx(expected)
        assert np.isfinite(matrix.expected["magnitude_at_init"][i, j, layer]) == (a[0] == b[0])
        assert np.isfinite(matrix.sd["unit_permuted"][i, j, layer]) == spread
    groups = strata_of(run.theta0(0)["conv2"]).reshape(SHAPES["conv2"])
    met = 0.0
    for group in range(100):
        here = groups == group
        a_, b_ = (run.masks[place]["conv2"][here].sum() for place in places[:2])
        met += a_ * b_ / here.sum()
    assert matrix.expected["magnitude_at_init"][0, 1, 1] == pytest.approx(met)


def test_one_layer_alone_is_that_layer_of_all(run: Saved, reader: Reader) -> None:
    whole = overlaps(reader, run.id, ChanceOptions())
    one = overlaps(reader, run.id, ChanceOptions(layer="fc1"))
    assert one.layers == ("fc1",)
    np.testing.assert_array_equal(one.intersections[..., 0], whole.intersections[..., 2])
    np.testing.assert_allclose(one.sd["unit_permuted"][..., 0], whole.sd["unit_permuted"][..., 2])
    assert overlaps(reader, run.id, ChanceOptions(layer="fc9")).layers == ()


def test_layers_may_have_other_names_in_another_run(store: Store, reader: Reader, run: Saved) -> None:
    renamed = {f"net.{name}": shape for name, shape in SHAPES.items()}
    other = Saved(store, replicates=1, shapes=renamed, seed=3)
    matrix = overlaps(reader, run.id, MatrixOptions(others=other.id))
    mine, theirs = run.masks[0, 2, "winning_ticket", 0]["fc1"], other.masks[0, 2, "winning_ticket", 0]["net.fc1"]
    assert matrix.intersections[0, 3, 2] == (mine & theirs).sum()


def test_layers_of_several_runs_are_counted_in_pairs(store: Store, reader: Reader, run: Saved) -> None:
    """One run stores them backwards, one under other names: the same numbers as from the masks."""
    backwards = Saved(store, replicates=1, shapes=dict(reversed(SHAPES.items())), seed=5)
    renamed = dict(zip(SHAPES, ("stem", "body", "neck", "head"), strict=True))
    third = Saved(store, replicates=1, shapes={renamed[name]: shape for name, shape in SHAPES.items()}, seed=6)
    matrix = overlaps(reader, run.id, ChanceOptions(others=f"{backwards.id},{third.id}"))
    key = (0, 2, "winning_ticket", 0)
    assert matrix.layers == tuple(SHAPES)
    assert matrix.partners == {backwards.id: tuple(SHAPES), third.id: tuple(renamed.values())}
    assert matrix.paired_by == {backwards.id: "name", third.id: "shape"}
    for layer, name in enumerate(SHAPES):
        one, two = backwards.masks[key][name], third.masks[key][renamed[name]]
        assert matrix.intersections[3, 4, layer] == (one & two).sum()
        assert matrix.intersections[0, 3, layer] == (run.masks[key][name] & one).sum()
        assert matrix.sizes[3, layer] == one.sum()
    alone = overlaps(reader, run.id, MatrixOptions(others=third.id, layer="fc1"))
    assert alone.partners == {third.id: ("neck",)}


def test_what_cannot_be_compared_is_refused(store: Store, reader: Reader, run: Saved) -> None:
    narrow = Saved(store, replicates=1, shapes={**SHAPES, "fc2": (2, 5)}, seed=4)
    cases: list[tuple[MatrixOptions | ChanceOptions, str, str]] = [
        (
            MatrixOptions(others=narrow.id),
            "others",
            r"no layer of the other has the shape of fc2 \(3×5\); it has fc2 \(2×5\)",
        ),
        (MatrixOptions(tickets=f"{run.id}:0:1,{narrow.id}:0:1"), "tickets", "cannot be paired"),
        (ChanceOptions(a=f"{run.id}:0:1", b=f"{narrow.id}:0:1"), "b", "cannot be paired"),
        (MatrixOptions(others="0000000000"), "others", "no run"),
        (MatrixOptions(tickets=f"{run.id}:0:1,0000000000:0:1"), "tickets", "no run"),
        (MatrixOptions(tickets=f"{run.id}:0:1,{run.id}:0:9"), "tickets", "no mask"),
        (MatrixOptions(tickets=f"{run.id}:0:1:reinit:0"), "tickets", "no mask"),
    ]
    for options, field, message in cases:
        with pytest.raises(FieldError, match=message) as caught:
            overlaps(reader, run.id, options)
        assert caught.value.field == field


def test_no_more_masks_are_held_than_fit(reader: Reader, run: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest layer of these takes 30 bytes: two masks of it fit."""
    monkeypatch.setattr(module, "MAX_BYTES", 60)
    matrix = overlaps(reader, run.id, MatrixOptions())
    assert (len(matrix.refs), matrix.left_out) == (2, 1)
    with pytest.raises(FieldError, match="2 fit"):
        overlaps(reader, run.id, MatrixOptions(tickets=",".join(f"{run.id}:{r}:2" for r in range(3))))


def test_more_replicates_than_the_bound_are_left_out(store: Store, reader: Reader) -> None:
    run = Saved(store, replicates=14, levels=1, shapes={"fc1": (3, 4), "fc2": (2, 3)}, draws=0)
    matrix = overlaps(reader, run.id, ChanceOptions())
    assert (len(matrix.refs), matrix.left_out) == (ChanceOptions.most, 2)
    assert overlaps(reader, run.id, MatrixOptions()).left_out == 0


def test_null_moves_are_those_of_the_whole_network(run: Saved, reader: Reader) -> None:
    """A layer looked at alone is no first and last layer."""
    matrix = overlaps(reader, run.id, MatrixOptions(layer="conv2"))
    a, b = (run.masks[r, 2, "winning_ticket", 0]["conv2"] for r in (0, 1))
    expected = (a.sum(axis=(0, 1)) * b.sum(axis=(0, 1))).sum() / 24
    assert matrix.expected["unit_permuted"][0, 1, 0] == pytest.approx(expected)
    assert chance.axes(list(SHAPES.values()))[1] == chance.Axes(True, 4)
