"""Columns of runs on axes, in parallel and in a scatter: against scipy and numbers worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.contract.experiment import FieldError
from app.plotting import parallel_runs, run_columns, scatter_runs
from app.plotting.compared import ComparedSource, Group, Measured
from app.plotting.parallel_runs import ParallelOptions
from app.plotting.run_columns import RunColumn
from app.plotting.scatter_runs import ScatterOptions
from app.plotting.source import Options
from tests.app.figure_records import run

LR = RunColumn("optimizer.lr", "lr", (0.001, 0.1, 0.01))
KIND = RunColumn("optimizer", "optimizer", ("sgd", "adam", "sgd"))
ACCURACY = RunColumn("result.accuracy", "accuracy", (0.9, 0.5, None), "result")
SAME = RunColumn("levels", "levels", (11.0, 11.0, 11.0))


def source(entry: Any, *columns: RunColumn, many: int = 3, **options: str) -> ComparedSource[Any]:
    """Runs r0, r2, ... in a first group and r1, r3, ... in a second."""
    measured = [Measured(run().model_copy(update={"id": f"r{i}", "name": f"run {i}"}), {}) for i in range(many)]
    groups = [Group(f"compared_{1 + start}", "ab"[start], tuple(measured[start::2])) for start in (0, 1)]
    order = tuple(f"r{i}" for i in range(many))
    return ComparedSource(groups, entry.options(**options), order, columns)


def said(figure: Any) -> str:
    return "".join(part["text"] for part in figure.layout.meta["finding"])


def test_numbers_that_lie_far_apart_are_on_a_logarithmic_axis_and_words_are_evenly_spaced() -> None:
    assert run_columns.places(LR) == pytest.approx([0, 1, 0.5])
    assert run_columns.ticks(LR) == [(0.0, "0.001"), (1.0, "0.1")]
    assert run_columns.places(KIND) == [1, 0, 1]
    assert run_columns.ticks(KIND) == [(0.0, "adam"), (1.0, "sgd")]
    assert run_columns.places(ACCURACY)[:2] == [1, 0]
    assert math.isnan(run_columns.places(ACCURACY)[2])
    assert run_columns.places(SAME) == [0.5] * 3
    widths = RunColumn("width", "width", (30.0, "100, 50", 4.0))
    assert widths.names == ("4", "30", "100, 50")


def test_a_line_of_a_run_goes_through_its_values_with_a_gap_where_it_has_none() -> None:
    info = parallel_runs.info(source(parallel_runs.ENTRY, KIND, LR, SAME, ACCURACY))
    assert [column.path for column in info.columns] == ["optimizer", "optimizer.lr", "result.accuracy"]
    figure = parallel_runs.draw(info)
    lines = {trace.name: trace for trace in figure.data}
    assert lines["run 0"].x == pytest.approx((1, 0, 1))
    assert lines["run 2"].x == (1, pytest.approx(0.5), None)
    assert list(lines["run 0"].y) == [0, -1, -2]
    assert {trace.meta["role"] for trace in figure.data} == {"compared_1", "compared_2"}
    assert said(figure) == (
        "3 runs, 3 columns. The highest accuracy is 0.9, of run 0. The lowest accuracy is 0.5, of run 1."
    )
    assert parallel_runs.table(info)["optimizer.lr"] == [0.001, 0.1, 0.01]
    assert parallel_runs.table(info)["group"] == ["a", "b", "a"]


def test_chosen_columns_are_drawn_in_their_order_and_unknown_ones_named() -> None:
    info = parallel_runs.info(source(parallel_runs.ENTRY, KIND, LR, SAME, columns="levels,lr,speed"))
    assert [column.path for column in info.columns] == ["levels", "optimizer.lr"]
    assert "None of these runs has speed." in said(parallel_runs.draw(info))
    none = parallel_runs.draw(parallel_runs.info(source(parallel_runs.ENTRY, SAME)))
    assert said(none) == "These runs differ in no field and in no measure."
    assert none.layout.meta["blank"]


AT_5 = RunColumn("result.accuracy@5%", "accuracy@5%", (0.7, None, 0.6), "result")
AT_HALF = RunColumn("result.accuracy@0.5%", "accuracy@0.5%", (0.2, 0.4, None), "result")
NOWHERE = RunColumn("result.accuracy@1%", "accuracy@1%", (None, None, None), "result")


@pytest.mark.parametrize("name", ["accuracy@0.5%", "result.accuracy@0.5%", "accuracy@0.5"])
def test_a_measure_at_a_density_is_found_as_a_query_names_it(name: str) -> None:
    assert run_columns.find((LR, ACCURACY, AT_5, AT_HALF), name) is AT_HALF


def test_a_measure_at_a_density_is_drawn_where_asked_for_and_not_by_itself() -> None:
    every = (KIND, LR, ACCURACY, AT_5, AT_HALF, NOWHERE)
    itself = parallel_runs.info(source(parallel_runs.ENTRY, *every))
    assert [column.path for column in itself.columns] == ["optimizer", "optimizer.lr", "result.accuracy"]
    assert scatter_runs.info(source(scatter_runs.ENTRY, *every)).y is ACCURACY
    asked = parallel_runs.info(source(parallel_runs.ENTRY, *every, columns="accuracy@5%, lr, accuracy@5"))
    assert [column.path for column in asked.columns] == ["result.accuracy@5%", "optimizer.lr"]
    drawn = scatter_runs.info(source(scatter_runs.ENTRY, *every, x="accuracy@5%", y="lr"))
    assert (drawn.x, drawn.y, drawn.places) == (AT_5, LR, (0, 2))
    assert "lr against accuracy@5%" in said(scatter_runs.draw(drawn))


def test_a_measure_that_no_run_has_says_so() -> None:
    empty = scatter_runs.info(source(scatter_runs.ENTRY, LR, NOWHERE, x="lr", y="accuracy@1%"))
    figure = scatter_runs.draw(empty)
    assert said(figure) == "No run has both lr and accuracy@1%."
    assert figure.layout.meta["blank"]
    axes = parallel_runs.draw(parallel_runs.info(source(parallel_runs.ENTRY, LR, NOWHERE, columns="lr,accuracy@1%")))
    assert "None of these runs has accuracy@1%." in said(axes)


def test_the_y_axis_is_an_outcome_where_there_is_one_and_the_x_axis_a_field() -> None:
    cost = RunColumn("cost.core_seconds", "core seconds", (3.0, 5.0, 4.0), "cost")
    info = scatter_runs.info(source(scatter_runs.ENTRY, LR, cost))
    assert (info.x, info.y) == (LR, cost)


def test_options_name_the_columns_that_they_ask_for() -> None:
    assert ScatterOptions(x="lr", y="accuracy@5%").columns_asked == ["lr", "accuracy@5%"]
    assert ParallelOptions(columns="lr, accuracy@5%,").columns_asked == ["lr", "accuracy@5%"]
    assert Options().columns_asked == []


def test_a_scatter_has_the_rank_correlation_of_scipy() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=40).round(1), draw.normal(size=40).round(1)
    assert scatter_runs.rank_correlation(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    columns = (RunColumn("a", "a", tuple(x.tolist())), RunColumn("b", "b", tuple(y.tolist()), "result"))
    info = scatter_runs.info(source(scatter_runs.ENTRY, *columns, many=40))
    figure = scatter_runs.draw(info)
    rho = f"{stats.spearmanr(x, y).statistic:.2f}".replace("-", "−")
    assert said(figure).startswith(f"b against a: rank correlation {rho} over 40 runs")
    assert sorted(zip(figure.data[0].x, figure.data[0].y, strict=True)) == sorted(zip(x[::2], y[::2], strict=True))


def test_a_scatter_of_words_and_of_missing_values() -> None:
    info = scatter_runs.info(source(scatter_runs.ENTRY, KIND, LR, ACCURACY, x="optimizer", y="accuracy"))
    figure = scatter_runs.draw(info)
    assert said(figure) == "accuracy against optimizer of 2 runs; 1 run without one of them left out."
    assert figure.layout.xaxis.ticktext == ("adam", "sgd")
    assert [list(trace.x) for trace in figure.data] == [[1.0], [0.0]]
    assert figure.layout.yaxis.type is None
    assert scatter_runs.draw(scatter_runs.info(source(scatter_runs.ENTRY, KIND, LR))).layout.yaxis.type == "log"
    with pytest.raises(FieldError, match="no field or measure"):
        scatter_runs.info(source(scatter_runs.ENTRY, KIND, LR, y="speed"))
    nothing = scatter_runs.draw(scatter_runs.info(source(scatter_runs.ENTRY, SAME)))
    assert said(nothing) == "Nothing to draw: these runs differ in fewer than two columns."


def test_runs_of_one_name_are_told_apart_by_their_ids() -> None:
    named = [Measured(run().model_copy(update={"id": f"r{i}", "name": "same"}), {}) for i in range(2)]
    groups = [Group(f"compared_{1 + i}", "sgd", (each,)) for i, each in enumerate(named)]
    columns = (RunColumn("lr", "lr", (0.1, 0.2)), RunColumn("accuracy", "accuracy", (0.5, 0.6), "result"))
    source = ComparedSource(groups, ParallelOptions(), ("r1", "r0"), columns)
    assert parallel_runs.info(source).names == ("same r1", "same r0")
