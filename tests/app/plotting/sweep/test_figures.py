"""Figures of sweeps: their numbers by hand, and only traces that the bundle can draw."""

from dataclasses import replace
from typing import Any

import pytest

from app.plotting.sweep import best_so_far, parallel, slices
from app.plotting.sweep.data import Looked, SweepData, data_of
from app.plotting.sweep.registry import SWEEP_FIGURES
from app.records import Member, Sweep
from app.sweeps.plan import Budget, Sampler, Stop
from tests.app.sweeps.planted import BASE

AXES = {
    "optimizer.lr": {"log_range": {"low": 0.001, "high": 0.1, "count": 3}},
    "mode": {"values": ["iterative", "one_shot"]},
}
ROWS = [(0.001, "iterative", 0.5), (0.01, "iterative", 0.9), (0.1, "iterative", None), (0.001, "one_shot", 0.7),
        (0.01, "one_shot", 0.8), (0.1, "one_shot", 0.2)]  # fmt: skip


def data(*, maximise: bool = True, rows: list[Any] | None = None, state: str = "finished") -> SweepData:
    rows = ROWS if rows is None else rows
    sweep = Sweep.model_validate(
        {"id": "s", "name": "s", "kind": "lottery", "spec": BASE, "axes": AXES, "sampler": Sampler(), "objective": "x",
         "budget": Budget(), "stop": Stop(), "state": state, "is_open": False, "note": "", "tags": (), "notes": "",
         "created_at": "2026-11-30T12:00:00Z", "counts": {"finished": len(rows)}}
    )  # fmt: skip
    members = [
        Member(
            position=place,
            values={"optimizer.lr": lr, "mode": mode},
            run=f"r{place}",
            state="finished",
            objective=value,
        )
        for place, (lr, mode, value) in enumerate(rows)
    ]
    return data_of(sweep, members, Looked("validation accuracy", maximise, True))


def said(parts: Any) -> str:
    return "".join(part.text for part in parts)


def test_best_so_far_only_improves_in_its_direction() -> None:
    assert best_so_far.best(data()) == [0.5, 0.9, 0.9, 0.9, 0.9]
    assert best_so_far.best(data(maximise=False)) == [0.5, 0.5, 0.5, 0.5, 0.2]
    assert said(best_so_far.finding(data())) == "Best: 90.0 % with lr 0.01, mode iterative, run 2 of 6."
    assert best_so_far.table(data())["position"] == [0, 1, 3, 4, 5]
    assert best_so_far.draw(data()).layout.xaxis.dtick == 1
    assert best_so_far.draw(data(rows=ROWS * 4)).layout.xaxis.dtick is None
    assert "n = 5 runs; 1 without a value" in best_so_far.draw(data()).layout.meta["foot"]


def test_a_slice_of_one_run_or_of_none_says_no_more_than_there_is() -> None:
    one = slices.draw(data(rows=ROWS[:1]), "optimizer.lr")
    assert one.layout.meta["foot"] == "n = 1 run · dot = one run; its other fields vary too"
    assert one.layout.yaxis.showticklabels
    alone = data(rows=ROWS[:1])
    only = slices.draw(replace(alone, columns=alone.columns[:1]), "optimizer.lr")
    assert only.layout.meta["foot"] == "n = 1 run · dot = one run"
    assert slices.draw(data(rows=[]), "mode").layout.yaxis.showticklabels is False


def test_a_slice_has_the_mean_of_runs_that_share_a_value() -> None:
    found = slices.means(data(), "optimizer.lr")
    assert [(x, n) for x, _, n in found] == [(0.001, 2), (0.01, 2)]
    assert [mean for _, mean, _ in found] == pytest.approx([0.6, 0.85])
    assert said(slices.finding(data(), "optimizer.lr")) == "Best mean at lr 0.01: 85.0 % (n = 2)."
    assert said(slices.finding(data(), "mode")) == "Best mean at mode iterative: 70.0 % (n = 2)."
    assert said(slices.finding(data(maximise=False), "mode")) == "Best mean at mode one shot: 56.7 % (n = 3)."
    drawn = slices.draw(data(), "optimizer.lr")
    assert drawn.layout.xaxis.type == "log"
    assert slices.draw(data(), "mode").layout.xaxis.ticktext == ("iterative", "one shot")
    assert slices.table(data(), "mode")["mode"] == ["iterative", "iterative", "one shot", "one shot", "one shot"]


def test_parallel_coordinates_put_the_best_in_front() -> None:
    assert parallel.heights(data().columns[0]).tolist() == pytest.approx([0, 0.5, 0, 0.5, 1])
    assert parallel.heights(data().columns[1]).tolist() == [0.25, 0.25, 0.75, 0.75, 0.75]
    assert parallel.front(data()) == [1]
    assert parallel.front(data(maximise=False)) == [4]
    rest, best = parallel.draw(data()).data
    assert len(rest.x) == 4 * 4
    assert list(best.y) == pytest.approx([0.5, 0.25, 1.0, None])
    assert said(parallel.finding(data())) == "The best run (90.0 %) has lr 0.01, mode iterative."


@pytest.mark.parametrize("name", SWEEP_FIGURES)
@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS, [(0.01, "iterative", 0.5)] * 3])
def test_every_figure_is_drawn_of_any_number_of_runs(name: str, rows: list[Any]) -> None:
    entry = SWEEP_FIGURES[name]
    for path in list(AXES) if entry.per_field else [""]:
        for state in ("running", "finished"):
            found = data(rows=rows, state=state)
            figure = entry.draw(found, path)
            assert {trace.type for trace in figure.data} <= {"scatter"}
            assert figure.layout.meta["finding"]
            lengths = {len(column) for column in entry.table(found, path).values()}
            assert len(lengths) == 1


def test_importance_says_how_many_runs_it_needs() -> None:
    few = (
        "Needs 20 runs with a value: 5 so far, 15 missing. This sweep has 6 runs at most: extend it to see this figure."
    )
    assert said_of("importance", data()) == few
    entry = SWEEP_FIGURES["importance"]
    assert entry.pending is not None
    assert said(entry.pending(data())) == few
    assert said(entry.pending(data(rows=ROWS[:2] * 12))) == "Computing from 24 runs: a few seconds."
    many = ROWS[:2] * 4 + [ROWS[2]] * 20
    assert said(entry.pending(data(rows=many, state="running"))) == "Needs 20 runs with a value: 8 so far, 12 missing."
    assert (
        said(entry.pending(data(rows=many))) == "Needs 20 runs with a value: 8 so far, 12 missing. No more of them run."
    )


def said_of(name: str, found: SweepData) -> str:
    return "".join(part["text"] for part in SWEEP_FIGURES[name].draw(found, "").layout.meta["finding"])
