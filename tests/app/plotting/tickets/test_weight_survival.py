"""Survival by initial magnitude: counted from the weights themselves, verdicts, masks without initial weights."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from app.kinds.registry import kinds_of
from app.plotting import words
from app.plotting.source import Source
from app.plotting.tickets.weight_survival import (
    GROUPS,
    SurvivalInfo,
    SurvivalOptions,
    _verdict,
    draw,
    finding,
    info,
    table,
)

NAN = float("nan")


def source(records: Any, artifacts: Mapping[tuple[str, int, int], Any], state: str = "finished", **options: Any
           ) -> Source[SurvivalOptions]:  # fmt: skip
    return Source(records.run(state=state), SurvivalOptions(**options), {}, artifacts)


def saved(records: Any, places: list[tuple[int, int]], strata: bool = True) -> dict[tuple[str, int, int], Any]:
    """Pyramids by replicate and level."""
    return {
        ("pyramid", replicate, level): {
            name: values for name, values in records.pyramid(replicate, level).items()
            if strata or not name.endswith(".strata")
        }
        for replicate, level in places
    }  # fmt: skip


def counted(records: Any, layers: list[int], replicate: int, level: int) -> list[float]:
    """Shares alive of all weights and of each fifth by |initial weight| within its layer, from the weights."""
    alive = np.zeros(5)
    sizes = np.zeros(5)
    for layer in layers:
        mask = list(records.masks(replicate, level).values())[layer].ravel()
        order = np.argsort(np.abs(records.initial(replicate, layer)), axis=None, kind="stable")
        for fifth, members in enumerate(np.split(order, 5)):
            alive[fifth] += mask[members].sum()
            sizes[fifth] += len(members)
    return [float(alive.sum() / sizes.sum()), *(alive / sizes).tolist()]


@pytest.mark.parametrize(("layer", "indices"), [(None, [0, 1, 2]), ("fc2", [1])])
def test_info_counted_from_the_weights(
    records: Any, same: Callable[..., bool], layer: str | None, indices: list[int]
) -> None:
    places = [(0, 0), (2, 0), (0, 4), (2, 4), (0, 7)]
    data = info(source(records, saved(records, places), layer=layer))
    shares = np.full((6, 3, 2), NAN)
    for replicate, level in places:
        shares[:, [0, 4, 7].index(level), [0, 2].index(replicate)] = counted(records, indices, replicate, level)
    expected = SurvivalInfo(
        title=layer or "all layers", weights=sum(records.kept(0)[i] for i in indices), levels=np.array([0, 4, 7]),
        replicates=np.array([0, 2]), alive=shares[0], groups=shares[1:], planned_levels=11, live=False, awaited=(),
    )  # fmt: skip
    assert same(data, expected)


def test_finding_and_figure(records: Any) -> None:
    data = info(source(records, saved(records, [(0, 0), (1, 0), (0, 6), (1, 6), (0, 7)])))
    each = np.mean([counted(records, [0, 1, 2], replicate, 6) for replicate in range(2)], axis=0)
    # Level 7 is there for one replicate only: level 6 is told.
    assert words.text(tuple(finding(data))) == (
        f"Of the largest fifth of the initial weights {words.density(each[5])} remain at level 6, of the smallest "
        f"{words.density(each[1])}, of all {words.density(each[0])}: survival increases with the initial magnitude."
    )
    figure = draw(data)
    means = {trace.name: trace for trace in figure.data if trace.meta["part"] == "mean"}
    assert [*means] == ["all weights", *GROUPS]
    assert len({(trace.line.dash, trace.marker.symbol) for trace in means.values()}) == 6
    assert means["largest fifth"].y[1] == pytest.approx(100 * each[5])
    assert figure.layout.meta["foot"].startswith("n = 1 to 2 replicates by level, mean · band = min to max")


def test_a_replicate_that_diverged_hides_no_pruning_of_another(records: Any) -> None:
    """Level 0 is what most replicates have; the other one was pruned all the same."""
    said = words.text(tuple(finding(info(source(records, saved(records, [(0, 0), (1, 0), (1, 6)]))))))
    assert "nothing was pruned" not in said
    assert f"{words.density(counted(records, [0, 1, 2], 1, 6)[5])} remain at level 6" in said


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([[0.1, 0.2], [0.2, 0.3], [0.3, 0.4], [0.4, 0.5], [0.5, 0.6]], "survival increases with the initial magnitude"),
        ([[0.0], [0.0], [0.1], [0.4], [0.5]], "survival increases with the initial magnitude"),
        ([[0.5], [0.4], [0.3], [0.2], [0.1]], "survival decreases with the initial magnitude"),
        (
            [[0.1], [0.3], [0.2], [0.4], [0.5]],
            "the largest survive more often than the smallest, but not monotonically",
        ),
        (
            [[0.5], [0.3], [0.4], [0.2], [0.1]],
            "the smallest survive more often than the largest, but not monotonically",
        ),
        (
            [[0.1, 0.2], [0.1, 0.2], [0.1, 0.2], [0.1, 0.2], [0.2, 0.1]],
            "survival does not depend on the initial magnitude",
        ),
        ([[0.1, NAN], [0.2, 0.9], [0.3, 0.1], [0.4, 0.9], [0.5, 0.1]], "survival increases with the initial magnitude"),
    ],
)
def test_verdicts(groups: list[list[float]], expected: str) -> None:
    if np.isnan(groups).any():
        groups = np.where(np.isnan(groups[0]), NAN, groups).tolist()
    assert _verdict(np.array(groups)) == expected


@pytest.mark.parametrize(
    ("title", "expected"), [("one", "At level 3 one has no weights left."), (None, "At level 3 no weights are left.")]
)
def test_of_an_emptied_layer_nothing_survives(records: Any, title: str | None, expected: str) -> None:
    data = info(source(records, saved(records, [(0, 0), (0, 3)])))
    gone = data._replace(alive=np.array([[1.0], [0.0]]), groups=data.groups * [[1.0], [0.0]])
    named = gone if title is None else gone._replace(title=title)
    assert words.text(tuple(finding(named))) == expected


def test_masks_without_initial_weights_have_one_line(records: Any) -> None:
    data = info(source(records, saved(records, [(0, 0), (0, 3)], strata=False)))
    assert np.isnan(data.groups).all()
    assert words.text(tuple(finding(data))) == (
        f"At level 3, {words.density(records.density(3))} of the weights remain; whether the large ones survive "
        "is not known: no initial weights were saved."
    )
    figure = draw(data)
    assert [trace.name for trace in figure.data] == ["all weights"]
    assert figure.layout.meta["foot"] == "n = 1 replicate: no spread"


def test_a_group_that_died_out_stays_at_the_floor(records: Any) -> None:
    place = saved(records, [(0, 0), (0, 9), (1, 9)])
    gone = dict(place["pyramid", 0, 9])
    for name in ("fc1", "fc2", "fc3"):
        gone[f"{name}.weight.strata"] = np.where(np.arange(100) < 20, 0, gone[f"{name}.weight.strata"])
    place["pyramid", 0, 9] = place["pyramid", 1, 9] = gone
    figure = draw(info(source(records, place)))
    smallest = next(trace for trace in figure.data if trace.name == "smallest fifth")
    floor = figure.layout.yaxis.tickvals[figure.layout.yaxis.ticktext.index("0")]
    np.testing.assert_allclose(smallest.y, [100, floor])
    assert figure.layout.meta["foot"].endswith("× at the foot: no weight is kept")


@pytest.mark.parametrize(
    ("places", "state", "options", "expected"),
    [
        ([], "running", {}, "The mask is saved when its training starts."),
        ([], "failed", {}, "Nothing to show: no sums of a mask were saved."),
        ([], "running", {"layer": "x"}, "No layer is named 'x'. This network has the layers fc1, fc2, fc3."),
        ([(0, 0)], "running", {}, "All 50,200 weights remain; the first pruning is next."),
        ([(0, 0)], "failed", {"layer": "fc3"}, "All 1,000 weights remain: no pruning took place."),
    ],
)
def test_what_is_missing_is_said(
    records: Any, places: list[tuple[int, int]], state: str, options: dict[str, str], expected: str
) -> None:
    data = info(source(records, saved(records, places), state, **options))
    assert words.text(tuple(finding(data))) == expected
    assert draw(data).layout.meta["n"] == len(places)


def test_table_has_every_group_level_and_replicate(records: Any) -> None:
    data = info(source(records, saved(records, [(0, 2), (1, 2), (0, 5)])))
    columns = table(data)
    assert len(columns["alive"]) == 6 * 2 * 2
    row = columns["initial_magnitude"].index("middle fifth") + 1
    assert [columns[name][row] for name in ("level", "replicate")] == [2, 1]
    assert columns["alive"][row] == pytest.approx(counted(records, [0, 1, 2], 1, 2)[3])
    assert kinds_of("weight_survival") == ("lottery", "imported")
