"""Degree histograms: counted by hand, against chance, convolutions by channel."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import hypergeom

from app.kinds.registry import kinds_of
from app.masks import codec
from app.masks.sums import sums
from app.plotting import words
from app.plotting.source import Source
from app.plotting.tickets.degree_histogram import DegreeInfo, DegreeOptions, _edges, draw, finding, info, reads, table


def source(records: Any, masks: dict[int, NDArray[Any]], state: str = "finished", **options: Any
           ) -> Source[DegreeOptions]:  # fmt: skip
    """A network of one layer with these masks at level 3, by replicate."""
    shape = next(iter(masks.values())).shape if masks else (4, 5)
    run = records.run(state=state).model_copy(
        update={"provenance": {"layers": [{"name": "one", "shape": list(shape)}]}}
    )
    artifacts = {
        ("pyramid", replicate, 3): {
            f"one.weight.{kind}": values for kind, values in sums(codec.pack(mask), codec.size_of(shape)[1]).items()
        }
        for replicate, mask in masks.items()
    }
    return Source(run, DegreeOptions(level=3, **options), {}, artifacts)


FIRST = np.array([[1, 0, 0, 0, 1], [1, 0, 0, 1, 1], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
SECOND = np.array([[1, 1, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])


def test_inputs_by_hand(records: Any, same: Callable[..., bool]) -> None:
    data = info(source(records, {0: FIRST, 4: SECOND}))
    # Degrees of the inputs: 4 0 0 1 2 of 7 kept weights, and 1 1 0 0 3 of 5.
    random = 5 * (hypergeom(20, 4, 7).pmf(np.arange(5)) + hypergeom(20, 4, 5).pmf(np.arange(5))) / 2
    expected = DegreeInfo(
        level=3, layer="one", side="inputs", noun="input", units=5, most=4, replicates=(0, 4), density=0.3,
        edges=np.arange(6, dtype=np.float64) - 0.5, counts=np.array([[2.0, 2], [1, 2], [1, 0], [0, 1], [1, 0]]),
        dead=np.array([2.0, 2]), spread=np.array([np.std([4, 0, 0, 1, 2]), np.std([1, 1, 0, 0, 3])]),
        random_counts=random, random_dead=float(random[0]),
        random_spread=float((hypergeom(20, 4, 7).std() + hypergeom(20, 4, 5).std()) / 2), awaited=(),
    )  # fmt: skip
    assert same(data, expected)
    assert words.text(tuple(finding(data))) == (
        "At level 3, 2 of 5 inputs of one have no weights left, 1.1 on average in a random mask of the same "
        "density; the standard deviation over inputs is 1.3, 1.6 times that of a random mask."
    )


def test_units_are_rows(records: Any) -> None:
    data = info(source(records, {0: FIRST, 1: SECOND}, side="units"))
    assert data.counts.T.tolist() == [[0, 2, 1, 1, 0], [1, 2, 0, 1, 0]]
    assert data.dead.tolist() == [0, 1]
    assert (data.units, data.most, data.noun) == (4, 5, "unit")


def test_an_input_of_a_convolution_is_a_channel(records: Any) -> None:
    mask = np.zeros((2, 3, 2, 2))
    mask[0, 0] = 1
    mask[1, 0, 1, 1] = mask[1, 2, 0, 1] = 1
    data = info(source(records, {0: mask}))
    degrees = mask.sum(axis=(0, 2, 3))
    assert data.dead.tolist() == [1]
    assert data.spread.tolist() == [degrees.std()]
    assert (data.units, data.most, data.noun) == (3, 8, "input channel")
    assert info(source(records, {0: mask}, side="units")).noun == "output channel"


@given(st.integers(1, 400), st.integers(1, 30), st.data())
def test_every_unit_and_all_of_chance_fall_into_some_bin(most: int, units: int, data: st.DataObject) -> None:
    kept = np.array(data.draw(st.lists(st.integers(0, most), min_size=units, max_size=units)))
    total = units * most
    random = units * hypergeom(total, most, int(kept.sum())).pmf(np.arange(most + 1))
    edges = _edges(kept[:, None], random)
    assert len(edges) <= 1 + min(48, max(8, np.ceil(2 * np.sqrt(units))))
    assert len({*np.diff(edges)}) == 1
    assert np.histogram(kept, edges)[0].sum() == units
    outside = random[(np.arange(most + 1) < edges[0]) | (np.arange(most + 1) > edges[-1])]
    assert (outside < 0.05).all()


def test_bins_of_several_numbers_hold_the_same_units_and_the_same_chance(records: Any) -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((400, 90)) < rng.random(90)
    data = info(source(records, {0: mask}))
    assert np.diff(data.edges)[0] > 1
    assert data.counts.sum() == 90
    assert data.random_counts.sum() == pytest.approx(90, abs=0.1)
    by_hand = [((mask.sum(axis=0) > low) & (mask.sum(axis=0) < high)).sum()
               for low, high in zip(data.edges[:-1], data.edges[1:], strict=True)]  # fmt: skip
    assert data.counts[:, 0].tolist() == by_hand


def test_a_random_mask_is_as_chance_has_it(records: Any) -> None:
    rng = np.random.default_rng(1)
    masks = {k: (rng.permutation(np.arange(300 * 200)) < 6000).reshape(300, 200) for k in range(20)}
    data = info(source(records, masks))
    assert data.spread.mean() / data.random_spread == pytest.approx(1, abs=0.05)
    assert data.counts.mean(axis=1) == pytest.approx(data.random_counts, abs=3)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (np.ones((4, 5)), "At level 3, one is not pruned: each of its 5 inputs keeps all 4 weights."),
        (np.ones((4, 1)), "At level 3, one is not pruned: its input keeps all 4 weights."),
        (np.zeros((4, 5)), "At level 3, one has no weights left."),
        (
            np.array([[1, 1, 1, 1], [1, 1, 0, 0]]),
            (
                "At level 3, 0 of 4 inputs of one have no weights left, 0.14 on average in a random mask of the "
                "same density; the standard deviation over inputs is 0.50, 0.88 times that of a random mask."
            ),
        ),
        (
            np.array([[1], [0]]),
            (
                "At level 3, 0 of 1 input of one have no weights left, 0 on average in a random mask of the same "
                "density."
            ),
        ),
    ],
)
def test_findings(records: Any, mask: NDArray[Any], expected: str) -> None:
    data = info(source(records, {0: mask}))
    assert words.text(tuple(finding(data))) == expected
    assert draw(data).layout.meta["n"] == 1


def test_a_band_only_with_several_replicates(records: Any) -> None:
    one, two = draw(info(source(records, {0: FIRST}))), draw(info(source(records, {0: FIRST, 1: SECOND})))
    assert [trace.meta["part"] for trace in one.data] == ["mean", "mean"]
    assert [trace.meta["part"] for trace in two.data] == ["band", "band", "mean", "mean"]
    assert "no spread" in one.layout.meta["foot"]
    assert "band = min to max" in two.layout.meta["foot"]
    assert [note.text for note in one.layout.annotations][-1] == "2 with none"
    assert one.data[1].line.dash == "6px,3px"


def test_what_is_missing_is_said(records: Any) -> None:
    def said(made: DegreeInfo) -> str:
        return words.text(tuple(finding(made)))

    assert said(info(source(records, {}, layer="two"))) == "No layer is named 'two'. This network has the layers one."
    assert said(info(source(records, {}))) == "Nothing to show: no sums of a mask of level 3 were saved."
    assert said(info(source(records, {}, "running"))) == "The mask of level 3 is saved when its training starts."
    early = Source(records.run(layers=False, state="queued"), DegreeOptions(layer="fc1"))
    assert said(info(early)) == "No layer is named 'fc1'. Its layers are not known yet."


def test_table_and_reads(records: Any) -> None:
    columns = table(info(source(records, {0: FIRST, 4: SECOND})))
    assert columns["kept_from"] == columns["kept_to"] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert columns["replicate"] == [0, 4] * 5
    assert columns["inputs"] == [2, 2, 1, 2, 1, 0, 0, 1, 1, 0]
    assert reads(DegreeOptions(level=3)) == ({}, {"pyramid": 3})
    assert kinds_of("degree_histogram") == ("lottery", "imported")
