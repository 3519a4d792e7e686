"""Tickets of several runs against chance: n, intervals and chance, by whether runs start from the same weights."""

import csv
import io
from itertools import combinations
from typing import Any

import httpx
import numpy as np
import pytest
from scipy import stats

from app.masks.sums import strata_of
from app.store import Store
from tests.app.masked_run import MaskedRun, write_run
from tests.app.reading import unmarked
from tests.app.web.sound import HTML

ROUTE = "/api/v1/compare/figures/compared_overlap"
SHAPES = {"fc1": (20, 50), "fc2": (10, 20)}
REPLICATES = 3


def kept(run: MaskedRun, replicate: int) -> dict[str, Any]:
    return dict(run.masks[replicate][2])


def whole(masks: dict[str, Any]) -> Any:
    return np.concatenate([mask.ravel() for mask in masks.values()])


def by_magnitude(one: dict[str, Any], other: dict[str, Any], init: Any) -> float:
    """Return the intersection to expect of masks drawn within groups of similar |θ0|, from the weights themselves."""
    expected = 0.0
    for name in SHAPES:
        strata = strata_of(init[name]).ravel()
        for group in np.unique(strata):
            here = strata == group
            expected += one[name].ravel()[here].sum() * other[name].ravel()[here].sum() / here.sum()
    return expected


@pytest.fixture
def alike(store: Store) -> list[MaskedRun]:
    """Two runs of one seed: the same initial weights, half of the replicates' masks by magnitude, half their own."""
    drawn = []
    first = write_run(store, SHAPES, replicates=REPLICATES, seed=1)
    for replicate, init in enumerate(first.init):
        random = np.random.default_rng(replicate)
        levels = [{name: np.ones(shape, bool) for name, shape in SHAPES.items()}]
        for keep in (0.6, 0.36):
            scores = {name: np.abs(init[name]) + random.normal(0, 0.3 + replicate / 5, SHAPES[name]) for name in SHAPES}
            levels.append({name: score > np.quantile(score, 1 - keep) for name, score in scores.items()})
        drawn.append(levels)
    return [first, write_run(store, SHAPES, replicates=REPLICATES, seed=1, masks=drawn)]


def rows_of(client: httpx.Client, runs: list[MaskedRun], **more: str) -> list[dict[str, str]]:
    query = {"runs": ",".join(run.id for run in runs), **more}
    rows = list(csv.DictReader(io.StringIO(client.get(ROUTE, params={**query, "format": "csv"}).text)))
    table = client.get(f"{ROUTE}/table", params=query).json()["columns"]
    assert [str(each) for each in table["relation"]] == [row["relation"] for row in rows]
    assert table["mean_iou"] == [float(row["mean_iou"]) if row["mean_iou"] else None for row in rows]
    return rows


def test_tickets_of_one_start_have_chance_by_initial_magnitude(client: httpx.Client, alike: list[MaskedRun]) -> None:
    one, other = alike
    assert all((one.init[r][name] == other.init[r][name]).all() for r in range(REPLICATES) for name in SHAPES)
    rows = rows_of(client, alike, measure="magnitude_at_init")
    refs = {str(run.ref(r, 2)): (run, r) for run in alike for r in range(REPLICATES)}
    ious, adjusted = [], []
    for row in rows:
        (run_a, a), (run_b, b) = refs[row["a"]], refs[row["b"]]
        if (run_a is run_b and a == b) or a != b:
            assert row["relation"] == ("" if row["a"] == row["b"] else "one_run" if run_a is run_b else "other_start")
            assert (run_a is run_b and a == b) or row["expected"] == ""
            continue
        assert row["relation"] == "same_start"
        mine, theirs = kept(run_a, a), kept(run_b, b)
        both, either = (whole(mine) & whole(theirs)).sum(), (whole(mine) | whole(theirs)).sum()
        expected = by_magnitude(mine, theirs, run_a.init[a])
        assert float(row["expected"]) == pytest.approx(expected)
        least = min(whole(mine).sum(), whole(theirs).sum())
        ious.append(both / either)
        adjusted.append((both - expected) / (least - expected))
        assert float(row["adjusted"]) == pytest.approx(adjusted[-1])
    assert len(ious) == REPLICATES
    (row,) = [row for row in rows if row["relation"] == "same_start"][:1]
    for name, values in (("iou", ious), ("adjusted", adjusted)):
        low, high = stats.t.interval(0.95, REPLICATES - 1, np.mean(values), stats.sem(values))
        found = [float(row[f"mean_{name}{end}"]) for end in ("", "_low", "_high", "_n", "_pairs")]
        assert found == pytest.approx([np.mean(values), low, high, REPLICATES, REPLICATES])
    assert row["interval"] == "95 % jackknife over replicates"


def test_figure_page_and_table_have_one_source(client: httpx.Client, alike: list[MaskedRun]) -> None:
    query = {"runs": ",".join(run.id for run in alike), "measure": "uniform"}
    rows = {row["relation"]: row for row in rows_of(client, alike, measure="uniform")}
    same = rows["same_start"]
    figure = client.get(ROUTE, params=query).json()["layout"]["meta"]
    said = "".join(part["text"] for part in figure["finding"]).replace("\u00a0", " ")
    iou = f"IoU of {float(same['mean_iou']):.3f} (95 % interval {float(same['mean_iou_low']):.3f} to "
    assert f"Of different runs, same initial weights: 3 pairs of tickets have a mean {iou}" in said
    assert f"weights drawn at random would have {float(same['mean_chance_iou']):.3f}" in said
    assert "n = 3 replicates" in said
    assert "Of different runs, other initial weights: 6 pairs of tickets" in said
    assert "intervals: 95 % jackknife over replicates" in figure["foot"]
    page = unmarked(client.get("/compare", params=query, headers=HTML).text).replace("\u00a0", " ")
    assert "Mean overlap of two tickets with 95 % intervals, chance: uniform" in page
    table = page[page.index("Mean overlap of two tickets") :]
    assert table.index("Different runs, same initial weights") < table.index("Different runs, other initial weights")
    assert table.index("other initial weights") < table.index("Replicates of one run")
    assert f"{float(same['mean_adjusted']):.3f}" in table


def test_tickets_of_other_starts_share_what_chance_gives(client: httpx.Client, store: Store) -> None:
    """Masks drawn by themselves: magnitude at initialisation does not apply, and the interval holds 0."""
    runs = [write_run(store, {"fc1": (100, 100)}, seed=seed) for seed in range(6)]
    rows = rows_of(client, runs, measure="uniform")
    (row, *_) = [row for row in rows if row["relation"] == "other_start"]
    masks = [whole(kept(run, 0)) for run in runs]
    pairs = list(combinations(masks, 2))
    assert int(row["mean_iou_pairs"]) == len(pairs) == 15
    assert float(row["mean_iou"]) == pytest.approx(np.mean([(a & b).sum() / (a | b).sum() for a, b in pairs]))
    assert float(row["mean_adjusted_low"]) < 0 < float(row["mean_adjusted_high"])
    assert float(row["mean_adjusted"]) == pytest.approx(0, abs=0.02)
    other = rows_of(client, runs, measure="magnitude_at_init")
    assert {row["expected"] for row in other if row["relation"] == "other_start"} == {""}
    figure = client.get(ROUTE, params={"runs": ",".join(run.id for run in runs), "measure": "magnitude_at_init"}).json()
    said = "".join(part["text"] for part in figure["layout"]["meta"]["finding"])
    assert "do not start from the same weights" in said.replace("\u00a0", " ")
