"""Differences to a baseline as sentence, figure, table and CSV, all of the same numbers."""

from typing import Any

import numpy as np
import pytest

from app.contract.experiment import FieldError
from app.kinds.lottery.figures.compared_difference import ENTRY, DifferenceOptions
from app.plotting.compared import ComparedSource, Group, Measured
from app.plotting.replicates import Floats
from app.records import Run
from tests.app.figure_records import outcome, run
from tests.app.plotting.test_differences import planted, rows

BASE = planted(1, 4)


def group(place: int, name: str, values: Floats, *, seed: int = 0, state: str = "finished") -> Group:
    its: Run = run(seed=seed, state=state).model_copy(update={"id": f"run{place}"})
    return Group(f"compared_{place}", name, (Measured(its, {"outcome": rows(values)}),))


def made(*groups: Group, **options: Any) -> Any:
    return ENTRY.info(ComparedSource(groups, DifferenceOptions(**options)))


def said(info: Any) -> str:
    return "".join(part["text"] for part in ENTRY.draw(info).layout.meta["finding"]).replace("\u00a0", " ")


def test_sentence_figure_table_and_csv_have_the_same_numbers() -> None:
    info = made(group(1, "a", BASE), group(2, "b", BASE + np.array([0.02, 0.03, -0.04])), group(3, "c", BASE))
    assert said(info) == (
        "Against a: b is better at 2 of 3 densities, by 2.00 to 3.00 points and worse at 1 of 3 densities, by 4.00 "
        "points (n = 4 pairs by seed); c is not shown to differ at any of 3 densities (n = 4 pairs by seed)."
    )
    figure = ENTRY.draw(info)
    lines = {trace.name: trace for trace in figure.data if trace.meta["part"] == "mean"}
    assert lines["b"].y == pytest.approx((2.0, 3.0, -4.0))
    assert list(lines["b"].x) == [100.0, 50.0, 25.0]
    assert [symbol.endswith("open") for symbol in lines["c"].marker.symbol] == [True] * 3
    low, high = (trace for trace in figure.data if trace.meta == {"role": "compared_2", "part": "band"})
    table = ENTRY.table(info)
    assert table["group"] == ["b"] * 3 + ["c"] * 3
    assert np.array(table["difference"][:3]) * 100 == pytest.approx(lines["b"].y)
    assert np.array(table["low"][:3]) * 100 == pytest.approx(low.y)
    assert np.array(table["high"][:3]) * 100 == pytest.approx(high.y)
    assert table["verdict"][:4] == ["better", "better", "worse", "too wide to decide"]
    assert set(table["paired"]) == {"true"}
    sheet = ENTRY.sheet(info)
    assert sheet is not None
    assert sheet.caption == "Minus a, in points"
    half = 100 * (table["high"][0] - table["low"][0]) / 2
    assert sheet.rows[0][2][0] == ("+2.00", f"± {half:.2f}, n = 4", True)
    assert sheet.rows[1][2][0].text == "0.00"


def test_the_baseline_is_the_line_of_the_named_run() -> None:
    groups = (group(1, "a", BASE), group(2, "b", BASE + 0.02))
    assert said(made(*groups, baseline="run2")).startswith("Against b: a is worse at 3 of 3 densities, by 2.00 points")
    with pytest.raises(FieldError, match="none of the runs"):
        made(*groups, baseline="run9")


def test_runs_without_shared_seeds_say_that_they_are_unpaired() -> None:
    info = made(group(1, "a", BASE), group(2, "b", planted(5, 6, 0.3), seed=1))
    assert "(n = 6 against 4, unpaired)" in said(info)
    foot = ENTRY.draw(info).layout.meta["foot"]
    assert "without shared seeds unpaired, Welch's t" in foot
    assert "Student" not in foot


def test_a_wide_bound_makes_what_does_not_differ_match() -> None:
    info = made(group(1, "a", BASE), group(2, "b", BASE), bound=5)
    assert "is not shown to differ at any of 3 densities, and loses less than 5 points at 3" in said(info)
    assert set(ENTRY.table(info)["verdict"]) == {"matches"}


def test_pointwise_intervals_are_narrower() -> None:
    groups = (group(1, "a", BASE), group(2, "b", BASE + 0.02))
    wide, narrow = (ENTRY.table(made(*groups, intervals=kind)) for kind in ("simultaneous", "pointwise"))
    assert narrow["low"][0] > wide["low"][0]
    assert narrow["intervals"] == ["pointwise"] * 3


def test_too_little_to_compare_is_said() -> None:
    assert said(made()).startswith("Nothing to compare: there is one line.")
    assert said(made(group(1, "a", BASE))).startswith("Nothing to compare: there is one line.")
    one = made(group(1, "a", BASE), group(2, "b", BASE[:1] + 0.01))
    assert "b at 25.0 % differs by +1.00 points (n = 1 pairs by seed: no interval)" in said(one)
    empty = Group("compared_2", "c", (Measured(run(), {"outcome": outcome([])}),))
    assert (
        said(made(group(1, "a", BASE, state="running"), empty))
        == "Against a: c has no ticket with a test accuracy. Still running."
    )


def test_runs_that_share_the_dense_network_alone_say_so() -> None:
    """Runs pruned at other rates have no pruned density in common: "at the one density tested" would mislead."""
    other = outcome(
        [
            {"replicate": place, "level": level, "density": density, "test_accuracy": value}
            for place, value in enumerate(BASE[:, 0].tolist())
            for level, density in enumerate((1.0, 0.7))
        ]
    )
    its = run(seed=0).model_copy(update={"id": "run2"})
    info = made(group(1, "a", BASE), Group("compared_2", "b", (Measured(its, {"outcome": other}),)))
    assert said(info) == (
        "Against a: b is not shown to differ while dense, and no pruned density is in common (n = 4 pairs by seed)."
    )
