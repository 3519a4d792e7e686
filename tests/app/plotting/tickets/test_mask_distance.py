"""Distance between successive masks: from masks drawn here, nested and not, and its sentences."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.kinds.registry import kinds_of
from app.plotting import words
from app.plotting.source import Options, Source
from app.plotting.tickets.mask_distance import DistanceInfo, draw, finding, info, table

NAN = float("nan")
Masks = list[list[NDArray[np.bool_]]]


def source(records: Any, replicates: dict[int, Masks], state: str = "finished") -> Source[Options]:
    """The series `layers` of masks by replicate, level and layer."""
    rows = [
        {"replicate": replicate, "level": level, "layer": layer, "kept": mask.sum(), "total": mask.size,
         "flipped": (mask != (masks[level - 1][layer] if level else True)).sum()}
        for replicate, masks in replicates.items()
        for level, network in enumerate(masks)
        for layer, mask in enumerate(network)
    ]  # fmt: skip
    return Source(records.run(state=state), Options(), {"layers": records.series(rows)} if rows else {})


def mask(text: str) -> NDArray[np.bool_]:
    return np.array([letter == "1" for letter in text])


NESTED: Masks = [[mask("11111111"), mask("1111")], [mask("11110000"), mask("0111")], [mask("11000000"), mask("0111")]]
ROAMING: Masks = [[mask("11111111"), mask("1111")], [mask("11110000"), mask("1110")], [mask("00001100"), mask("0111")]]


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    data = info(source(records, {0: NESTED, 2: ROAMING, 3: NESTED[:2]}))
    expected = DistanceInfo(
        names=("fc1", "fc2"),
        levels=np.array([1, 2]),
        replicates=np.array([0, 2, 3]),
        distance=np.array([[[4 / 8, 4 / 8, 4 / 8], [2 / 8, 6 / 8, NAN]], [[1 / 4, 1 / 4, 1 / 4], [0, 2 / 4, NAN]]]),
        overall=np.array([[5 / 12, 5 / 12, 5 / 12], [2 / 12, 8 / 12, NAN]]),
        pruned=np.array([[5 / 12, 5 / 12, 5 / 12], [2 / 12, 2 / 12, NAN]]),
        # Of ROAMING, two weights of the first layer and one of the second come back at level 2.
        revived=np.array([[0, 0, 0], [0, 3, NAN]]),
        planned_levels=11,
        live=False,
    )
    assert same(data, expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `records` holds nothing
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.booleans())
def test_nested_masks_change_by_what_is_pruned_and_others_by_more(
    records: Any, seed: int, levels: int, nested: bool
) -> None:
    rng = np.random.default_rng(seed)
    masks: Masks = [[np.ones(60, np.bool_)]]
    for _ in range(levels):
        masks.append([(masks[-1][0] if nested else True) & (rng.random(60) < 0.6)])
    data = info(source(records, {0: masks}))
    pairs = list(pairwise(masks))
    assert data.distance[0, :, 0] == pytest.approx([(a[0] ^ b[0]).mean() for a, b in pairs])
    assert data.revived[:, 0].tolist() == [(~a[0] & b[0]).sum() for a, b in pairs]
    if nested:
        np.testing.assert_array_equal(data.overall, data.pruned)
    assert (data.overall >= data.pruned - 1e-12).all()


@pytest.mark.parametrize(
    ("masks", "state", "expected"),
    [
        ({}, "running", "The first distance appears with the first pruning."),
        ({0: NESTED[:1]}, "running", "The first distance appears with the first pruning."),
        ({0: NESTED[:1]}, "failed", "Nothing to show: no two successive masks were compared."),
        ({0: NESTED[:2]}, "running", "At level 1, 41.7 % of the mask changes; no pruned weight is ever regrown."),
        (
            {0: NESTED, 1: NESTED},
            "finished",
            (
                "At level 1, 41.7 % of the mask changes, the largest step, and at level 2, 16.7 %; no pruned weight "
                "is ever regrown."
            ),
        ),
        ({0: ROAMING}, "finished", "At level 2, 66.7 % of the mask changes; pruned weights are regrown 3 times."),
        (
            {0: NESTED, 1: [*ROAMING[:2], [mask("11101000"), mask("1110")]]},
            "finished",
            (
                "At level 1, 41.7 % of the mask changes, the largest step, and at level 2, 16.7 %; pruned weights are "
                "regrown 0.50 times in a replicate on average."
            ),
        ),
    ],
)
def test_findings(records: Any, masks: dict[int, Masks], state: str, expected: str) -> None:
    data = info(source(records, masks, state))
    assert words.text(tuple(finding(data))) == expected
    figure = draw(data)
    assert figure.layout.meta["n"] == (len(masks) if len(data.levels) else 0)


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        (NESTED, "each mask lies within the one before."),
        (ROAMING, "in one shot each level prunes anew: weights pruned before are kept 3 times."),
    ],
)
def test_levels_of_one_shot_regrow_nothing(records: Any, masks: Masks, expected: str) -> None:
    found = info(replace(source(records, {0: masks}), run=records.run(mode="one_shot")))
    assert words.text(tuple(finding(found))).endswith(f"; {expected}")


def test_a_run_from_before_distances_were_measured(records: Any) -> None:
    rows = [{"level": level, "layer": 0, "kept": 10 - level, "total": 10} for level in range(3)]
    data = info(Source(records.run(), Options(), {"layers": records.series(rows)}))
    assert words.text(tuple(finding(data))) == "Nothing to show: no two successive masks were compared."


def test_controls_are_left_out(records: Any) -> None:
    rows = [
        {"level": level, "layer": 0, "kept": 10 - level, "total": 10, "flipped": flipped, "control": control}
        for control, flipped in (("winning_ticket", 1), ("shuffled", 7))
        for level in range(3)
    ]
    data = info(Source(records.run(), Options(), {"layers": records.series(rows)}))
    assert data.distance.ravel().tolist() == [0.1, 0.1]


def test_the_reference_is_dashed_and_bands_show_where_replicates_differ(records: Any) -> None:
    figure = draw(info(source(records, {0: NESTED, 1: ROAMING})))
    means = {trace.name: trace for trace in figure.data if trace.meta["part"] == "mean"}
    assert [*means] == ["all layers", "all layers, if nested", "fc1", "fc2"]
    assert len({trace.line.dash for trace in means.values()}) == 4
    assert means["all layers, if nested"].y.tolist() == pytest.approx([500 / 12, 200 / 12])
    assert means["fc1"].y.tolist() == pytest.approx([50, 50])
    bands = [trace.y.tolist() for trace in figure.data if trace.meta["part"] == "band"]
    assert [50, 25] in bands
    assert [50, 75] in bands
    assert figure.layout.meta["foot"].startswith("n = 2 replicates, mean · band = min to max")


def test_table(records: Any) -> None:
    columns = table(info(source(records, {0: ROAMING})))
    assert columns["layer"] == ["fc1", "fc1", "fc2", "fc2", "all layers", "all layers"]
    assert columns["level"] == [1, 2] * 3
    assert columns["distance"] == pytest.approx([0.5, 0.75, 0.25, 0.5, 5 / 12, 8 / 12])
    assert columns["if_nested"][4:] == pytest.approx([5 / 12, 2 / 12])
    assert kinds_of("mask_distance") == ("lottery", "imported")
