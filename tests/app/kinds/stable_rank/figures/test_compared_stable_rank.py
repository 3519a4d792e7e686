"""Stable ranks of several runs: against numpy and statistics on planted numbers, by line, seed, width and batch."""

import statistics
from typing import Any

import numpy as np
import pytest

from app.contract.experiment import FieldError
from app.kinds.stable_rank.figures.compared_stable_rank import ENTRY
from app.plotting.compared import LABELS, LINES, ComparedSource, Group, Measured
from tests.app.erasure_rows import NAN, rank_run, series

WIDTHS = (32, 128, 512)


def measured(ranks: dict[tuple[int, int], list[float]], *, seed: int = 0, name: str = "a", **spec: Any) -> Measured:
    """A run whose dualised updates have these ranks, a value for each replicate, by width and batch size."""
    rows = [
        {"replicate": replicate, "width": width, "batch_size": batch, "gradient": 1 + value / 100, "dualised": value,
         "cap": min(width, batch)}
        for (width, batch), values in ranks.items() for replicate, value in enumerate(values)
    ]  # fmt: skip
    asked = {
        "widths": tuple({width: None for width, _ in ranks}), "batch_sizes": tuple({batch: None for _, batch in ranks})
    }  # fmt: skip
    run = rank_run(**{**asked, "seed": seed, **spec}).model_copy(update={"name": name, "id": f"{name}{seed}"})
    return Measured(run, {"stable_rank": series(rows)})


def group(place: int, name: str, *runs: Measured) -> Group:
    return Group(f"compared_{place}", name, runs)


def source(*groups: Group, **options: str) -> ComparedSource[Any]:
    return ComparedSource(groups, ENTRY.options(**options))


def planted(low: float, high: float, replicates: int, seed: int, batch: int = 64) -> dict[tuple[int, int], list[float]]:
    draw = np.random.default_rng(seed)
    return {(width, batch): draw.uniform(low, high, replicates).tolist() for width in WIDTHS}


def words(info: Any) -> str:
    return "".join(part.text for part in ENTRY.said(info).finding)


def test_a_line_is_the_mean_and_the_band_from_least_to_most_over_the_seeds_of_its_runs() -> None:
    """Two runs of other seeds make one line of five values; means, ends and deviations by `statistics`."""
    first, second, other = planted(20, 60, 3, 1), planted(20, 60, 2, 2), planted(2, 4, 3, 3)
    info = ENTRY.info(
        source(group(1, "mse", measured(first), measured(second, seed=1)), group(2, "cross_entropy", measured(other)))
    )
    figure = ENTRY.draw(info)
    for role, every in (
        ("compared_1", {width: first[width, 64] + second[width, 64] for width in WIDTHS}),
        ("compared_2", {width: other[width, 64] for width in WIDTHS}),
    ):
        mine = [trace for trace in figure.data if trace.meta["role"] == role]
        low, high, mean = mine
        assert list(mean.x) == list(WIDTHS)
        assert mean.y == pytest.approx([statistics.fmean(every[width]) for width in WIDTHS])
        assert low.y == pytest.approx([min(every[width]) for width in WIDTHS])
        assert high.y == pytest.approx([max(every[width]) for width in WIDTHS])
    both, alone = first[512, 64] + second[512, 64], other[512, 64]
    assert words(info) == (
        f"At width 512, with batches of 64: mse {statistics.fmean(both):.1f} ± {statistics.stdev(both):.1f} (n = 5), "
        f"cross_entropy {statistics.fmean(alone):.1f} ± {statistics.stdev(alone):.1f} (n = 3); no update of that batch "
        "could exceed 64."
    )
    foot = ENTRY.said(info).foot
    assert foot.startswith("n = 3 to 5 replicates, mean ± standard deviation · band = min to max · runs of one seed")
    assert foot.endswith("3 runs")


def test_runs_of_one_seed_are_averaged_and_are_no_two_replicates() -> None:
    first, second = planted(20, 60, 2, 1), planted(20, 60, 2, 2)
    info = ENTRY.info(source(group(1, "a", measured(first), measured(second))))
    (line,) = info.lines
    assert line.values.shape == (3, 2)
    for row, width in enumerate(WIDTHS):
        assert line.values[row] == pytest.approx((np.array(first[width, 64]) + np.array(second[width, 64])) / 2)


def test_runs_of_other_widths_in_a_group_are_a_line_of_their_own() -> None:
    narrow = {(32, 64): [5.0], (128, 64): [6.0]}
    info = ENTRY.info(source(group(1, "a", measured(planted(20, 60, 1, 1)), measured(narrow, seed=1))))
    assert [(line.name, line.widths.tolist()) for line in info.lines] == [("a", list(WIDTHS)), ("a", [32, 128])]
    assert info.at == 128


def test_the_batch_size_is_the_largest_that_most_runs_have_or_a_chosen_one() -> None:
    one = measured({(32, 16): [3.0], (32, 64): [7.0]})
    two = measured({(32, 16): [4.0], (32, 256): [9.0]}, seed=1)
    lines = group(1, "one", one), group(2, "two", two)
    assert ENTRY.info(source(*lines)).size == 16
    chosen = ENTRY.info(source(*lines, batch_size="256"))
    assert words(chosen) == (
        "At width 32, with batches of 256: two 9.0 (n = 1); no update of that batch could exceed 32. "
        "1 run without batches of that size left out."
    )
    table = ENTRY.table(chosen)
    assert list(zip(*table.values(), strict=True)) == [("two", 1, "dualised", 256, 32, 0, 9.0, 32)]
    with pytest.raises(FieldError, match="one of 16, 64, 256"):
        ENTRY.info(source(*lines, batch_size="8"))


def test_the_cap_is_that_of_width_and_batch_and_only_of_dualised_updates() -> None:
    lines = (group(1, "a", measured(planted(20, 30, 2, 1))),)
    figure = ENTRY.draw(ENTRY.info(source(*lines)))
    (cap,) = (trace for trace in figure.data if trace.meta["part"] == "reference")
    assert (list(cap.x), list(cap.y)) == ([32, 128, 512], [32, 64, 64])
    assert figure.layout.yaxis.type is None
    gradients = ENTRY.info(source(*lines, update="gradient"))
    drawn = ENTRY.draw(gradients)
    assert all(trace.meta["part"] != "reference" for trace in drawn.data)
    means = [
        1 + statistics.fmean(lines[0].runs[0].series["stable_rank"]["dualised"][i : i + 2]) / 100 for i in (0, 2, 4)
    ]
    assert drawn.data[-1].y == pytest.approx(means)
    assert "gradients" in ENTRY.said(gradients).title
    assert ENTRY.draw(ENTRY.info(source(group(1, "a", measured(planted(2, 9, 2, 1)))))).layout.yaxis.type == "log"


def test_a_rank_that_is_awaited_or_not_finite_is_in_no_mean() -> None:
    info = ENTRY.info(source(group(1, "a", measured({(32, 64): [5.0, NAN], (128, 64): [NAN, NAN]}))))
    assert info.at == 32
    assert words(info).startswith("At width 32, with batches of 64: a 5.0 (n = 1)")


@pytest.mark.parametrize(("state", "expected"), [
    ("running", "The first point appears with the first gradient."),
    ("failed", "Nothing to show: no gradient was taken."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    info = ENTRY.info(source(group(1, "a", Measured(rank_run(state=state), {"stable_rank": series([])}))))
    assert words(info) == expected
    assert ENTRY.said(info).blank
    assert ENTRY.draw(info).layout.meta["blank"]
    assert ENTRY.table(info)["stable_rank"] == []


@pytest.mark.parametrize("many", [LINES + 1, LABELS + 1])
def test_many_lines_have_no_bands_and_a_hundred_no_names(many: int) -> None:
    groups = [group(i % LINES + 1, f"run {i}", measured(planted(20, 60, 2, i), seed=i)) for i in range(many)]
    info = ENTRY.info(source(*groups))
    figure = ENTRY.draw(info)
    assert {trace.meta["part"] for trace in figure.data} == {"mean", "reference"}
    assert f"bands left out of more than {LINES} lines" in ENTRY.said(info).foot
    assert (figure.layout.hovermode == "closest") == (many > LABELS)
    assert ("5 others from" in words(info)) == (many == 17)
