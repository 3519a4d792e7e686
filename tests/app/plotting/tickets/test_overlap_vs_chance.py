"""Overlap against chance by layer: means over pairs and their intervals by hand, sentences, marks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.contract.tickets import TicketRef
from app.masks.overlap import Overlaps
from app.plotting import words
from app.plotting.source import Source
from app.plotting.tickets.chance_data import ChanceInfo, info
from app.plotting.tickets.overlap_view import ChanceOptions
from app.plotting.tickets.overlap_vs_chance import draw, finding, table

NAN = float("nan")
RUN = "0123456789"


def by_hand() -> Overlaps:
    """Three tickets of two layers of 100 and 20 weights; the first layer of the third is empty."""
    sizes = np.array([[40, 10], [20, 10], [0, 5]])
    both = np.zeros((3, 3, 2), np.int64)
    both[..., 0] = [[40, 15, 0], [15, 20, 0], [0, 0, 0]]
    both[..., 1] = [[10, 4, 1], [4, 10, 2], [1, 2, 5]]
    uniform = sizes[:, None] * sizes[None] / np.array([100, 20])
    partly = np.full(both.shape, NAN)
    partly[:2, :2] = 1.0
    return Overlaps(
        refs=tuple(TicketRef(RUN, replicate, 3) for replicate in range(3)),
        layers=("fc1", "fc2"),
        weights=np.array([100, 20]),
        sizes=sizes,
        intersections=both,
        expected={"uniform": uniform, "unit_permuted": 2 * uniform, "magnitude_at_init": partly},
        sd={
            "uniform": np.ones(both.shape),
            "unit_permuted": 2 * np.ones(both.shape),
            "magnitude_at_init": partly,
        },
    )


def source(records: Any, overlaps: Overlaps | None, **options: Any) -> Source[ChanceOptions]:
    return Source(records.run(), ChanceOptions(**options), overlaps=overlaps)


def said(made: ChanceInfo) -> str:
    return words.text(tuple(finding(made)))


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    """fc1 has one pair, fc2 three; a null that only some pairs have is not shown."""
    data = info(source(records, by_hand()))
    least = np.array([30.0, 5.0, 5.0])  # of all layers
    observed = [15 / 20, np.mean([4 / 10, 1 / 5, 2 / 5]), np.mean([19, 1, 2] / least)]
    uniform = [8 / 20, np.mean([5 / 10, 2.5 / 5, 2.5 / 5]), np.mean([13, 2.5, 2.5] / least)]
    sd = [
        1 / 20,
        np.sqrt(1 / 100 + 1 / 25 + 1 / 25) / 3,
        np.sqrt((2 / least**2).sum()) / 3,
    ]
    assert same(
        data,
        ChanceInfo(
            title="Overlap between replicates at level 3, all layers",
            layers=("fc1", "fc2", "all layers"),
            pairs=np.array([1, 3, 3]),
            observed=np.array(observed),
            expected={"uniform": np.array(uniform), "unit_permuted": 2 * np.array(uniform)},
            sd={"uniform": np.array(sd), "unit_permuted": 2 * np.array(sd)},
            nested=0,
            same=0,
            n=3,
            who="3 replicates",
            paired="",
            partners=("", "", ""),
            left_out=0,
            awaited=(),
        ),
    )
    assert said(data) == (
        "Over all layers, 3 pairs of tickets share 41.1 % of the smaller mask's weights; weights drawn at random would "
        "share 47.8 % and the same masks with hidden units permuted 95.6 %. Outside the unit-permuted interval: fc2."
    )


def test_one_pair_alone(records: Any) -> None:
    two = records.overlaps([(0, 5), (1, 5)])
    data = info(source(records, two, a=f"{RUN}:0:5", b=f"{RUN}:1:5"))
    assert data.pairs.tolist() == [1] * 4
    least = two.sizes.min(axis=0)
    np.testing.assert_allclose(data.observed[:3], two.intersections[0, 1] / least)
    np.testing.assert_allclose(data.sd["unit_permuted"][:3], two.sd["unit_permuted"][0, 1] / least)
    total = np.sqrt((two.sd["unit_permuted"][0, 1] ** 2).sum())
    np.testing.assert_allclose(data.sd["unit_permuted"][3], total / two.sizes.sum(axis=1).min())
    assert said(data).startswith("Over all layers, 1 pair of tickets shares ")


def test_nested_pairs_are_left_out_unless_asked_for(records: Any) -> None:
    three = records.overlaps([(0, 4), (0, 5), (1, 5)])
    data = info(source(records, three))
    assert (data.nested, data.pairs[-1]) == (1, 2)
    levels = records.overlaps([(0, 4), (0, 5)])
    alone = info(source(records, levels))
    assert said(alone) == "Every pair is nested, one mask within the other: no comparison with chance."
    equal = info(source(records, records.overlaps([(0, 0), (1, 0)])))
    assert said(equal) == "Every pair keeps the same weights: no comparison with chance."
    assert draw(equal).layout.meta["foot"] == "n = 2 replicates, 0 pairs · 1 pair of the same mask left out"
    asked = info(source(records, levels, a=f"{RUN}:0:4", b=f"{RUN}:0:5"))
    assert asked.observed.tolist() == [1.0] * 4
    assert set(asked.expected) == {"uniform", "unit_permuted", "magnitude_at_init"}


def test_the_interval_of_a_mean_holds_it_as_often_as_it_says() -> None:
    """Pairs that share a ticket are uncorrelated under the nulls, so the mean over pairs has the variance told."""
    draw_ = np.random.default_rng(0)
    from app.masks import chance
    from app.masks.codec import pack
    from app.masks.overlap import intersections

    kept, weights = 300, 2400
    null = chance.uniform(np.full(4, kept), weights)
    pairs = np.triu_indices(4, 1)
    sd = np.sqrt((null.sd[pairs] ** 2).sum()) / 6
    base = np.arange(weights) < kept
    means = []
    for _ in range(1500):
        masks = [pack(draw_.permuted(base)[None]) for _ in range(4)]
        means.append(intersections(masks)[pairs].mean())
    inside = np.abs(np.array(means) - null.expected[0, 1]) <= chance.REACH * sd
    assert abs(inside.mean() - 0.95) <= 0.02


def test_a_single_layer_has_no_sum_of_its_own(records: Any) -> None:
    whole = by_hand()
    one = whole._replace(
        layers=("fc2",), sizes=whole.sizes[:, 1:], intersections=whole.intersections[..., 1:],
        expected={null: each[..., 1:] for null, each in whole.expected.items()},
        sd={null: each[..., 1:] for null, each in whole.sd.items()},
    )  # fmt: skip
    data = info(source(records, one, layer="fc2"))
    assert data.layers == ("fc2",)
    assert said(data).startswith("In fc2, 3 pairs of tickets share 33.3 % of the smaller mask's weights;")


def test_intervals_are_lines_around_the_means(records: Any) -> None:
    data = info(source(records, by_hand()))
    lines, means, *_ = draw(data).data
    np.testing.assert_allclose(lines.x[0], 100 * max(0, 0.4 - 1.96 / 20))
    np.testing.assert_allclose(lines.x[1], 100 * (0.4 + 1.96 / 20))
    assert np.isnan(lines.x[2])
    np.testing.assert_allclose(means.x[0], 40)
    assert means.name == "uniform"
    assert draw(data).layout.yaxis.ticktext == ("fc1", "fc2", "all layers")


def test_many_layers_have_a_longer_figure_and_names_that_fit(records: Any) -> None:
    data = info(source(records, by_hand()))
    few = draw(data)
    assert "size" not in few.layout.meta
    names = tuple(f"blocks.{i}.attention.qkv_projection" for i in range(100))

    def repeated(values: Any) -> Any:
        return np.repeat(np.asarray(values)[:1], 100)

    long = data._replace(
        layers=names, pairs=repeated(data.pairs), observed=repeated(data.observed),
        expected={null: repeated(values) for null, values in data.expected.items()},
        sd={null: repeated(values) for null, values in data.sd.items()},
    )  # fmt: skip
    figure = draw(long)
    assert figure.layout.meta["size"] == "roll"
    assert figure.layout.margin.l > few.layout.margin.l
    ticks = figure.layout.yaxis.ticktext
    assert 50 <= len(ticks) <= 64
    assert ticks[1] == "…on.qkv_projection"


def test_table(records: Any) -> None:
    columns = table(info(source(records, by_hand())))
    assert columns["layer"] == ["fc1"] * 3 + ["fc2"] * 3 + ["all layers"] * 3
    assert columns["null"] == ["uniform", "unit_permuted", "magnitude_at_init"] * 3
    assert columns["pairs"] == [1] * 3 + [3] * 6
    assert columns["expected"][:2] == pytest.approx([0.4, 0.8])
    assert np.isnan(columns["expected"][2])
    assert columns["high"][0] - columns["low"][0] == pytest.approx(2 * 1.96 / 20)


def test_the_table_has_the_intervals_that_are_drawn(records: Any) -> None:
    """Within 0 and 1, where a mean and its reach go beyond."""
    data = info(source(records, by_hand()))
    columns, traces = table(data), draw(data).data
    lines = {trace.meta["role"]: trace.x for trace in traces if trace.meta["part"] == "band"}
    for null, role in (("uniform", "shuffled"), ("unit_permuted", "dense")):
        rows = [row for row, column in enumerate(columns["null"]) if column == null]
        for end, name in enumerate(("low", "high")):
            np.testing.assert_allclose(lines[role][end::3], [100 * columns[name][row] for row in rows])
    assert max(columns["high"][row] for row in range(9) if columns["null"][row] == "unit_permuted") == 1.0


def test_an_estimated_interval_says_how_far_off_it_may_be(records: Any) -> None:
    figure = draw(info(source(records, by_hand()._replace(estimated=("fc1",)))))
    assert (
        "unit-permuted intervals of 1 layer estimated: 10 % too narrow to 25 % too wide" in figure.layout.meta["foot"]
    )
    assert "estimated" not in draw(info(source(records, by_hand()))).layout.meta["foot"]
