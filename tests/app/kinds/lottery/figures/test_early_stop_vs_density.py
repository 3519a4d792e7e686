"""Early stop against density: censored minima are open and claim nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.kinds.lottery.figures.early_stop_vs_density import EarlyStopInfo, comparable, draw, finding, foot, info, table
from app.plotting import words
from app.plotting.replicates import Curve
from app.plotting.source import Options, Source


def source(records: Any, rows: list[dict[str, Any]] | None = None, **run: Any) -> Source[Options]:
    return Source(records.run(**run), Options(), {} if rows is None else {"outcome": records.outcome(rows)})


def rows(**last: Any) -> list[dict[str, Any]]:
    """Two replicates of the ticket and of two draws of reinit; `last` changes the sparsest level's rows."""
    out: list[dict[str, Any]] = []
    for replicate in range(2):
        for level in range(3):
            stop = 400.0 - 100 * level + 50 * replicate
            place = {"replicate": replicate, "level": level, "density": 0.5**level}
            change = last if level == 2 else {}
            out.append({**place, "early_stop_step": stop, **change})
            if level:
                out += [
                    {**place, "control": "reinit", "draw": draw, "early_stop_step": stop + 100 + 200 * draw, **change}
                    for draw in range(2)
                ]
    return out


def sentence(made: EarlyStopInfo) -> str:
    return words.text(tuple(finding(made)))


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    zero = np.zeros(3, int)
    expected = EarlyStopInfo(
        curves=(
            Curve("winning_ticket", np.arange(3), np.array([1.0, 0.5, 0.25]), np.array([0, 1]),
                  np.array([[400.0, 450.0], [300.0, 350.0], [200.0, 250.0]]), zero),
            Curve("reinit", np.array([1, 2]), np.array([0.5, 0.25]), np.array([0, 1]),
                  np.array([[500.0, 550.0], [400.0, 450.0]]), np.zeros(2, int)),
        ),
        censored=(zero, np.zeros(2, int)),
        trainings=14,
        steps=1000,
        draws=2,
        planned=("winning_ticket", "reinit", "shuffled"),
        lowest=records.density(11),
        live=False,
        continued=False,
    )  # fmt: skip
    assert same(info(source(records, rows())), expected)


def test_the_finding_compares_the_sparsest_level_that_nothing_censors(records: Any) -> None:
    assert sentence(info(source(records, rows()))) == (
        "At 25.0 % of the weights, validation loss is lowest for the ticket after 225, the same mask with new weights "
        "after 425, the dense network after 425 steps."
    )


def test_a_running_run_gives_the_means_of_its_curves_each_with_its_n(records: Any) -> None:
    some = [
        {"replicate": replicate, "level": level, "density": 0.5**level, "control": control, "early_stop_step": step}
        for replicate, level, control, step in (
            (0, 0, "winning_ticket", 400.0), (1, 0, "winning_ticket", 500.0), (0, 1, "winning_ticket", 300.0),
            (1, 1, "winning_ticket", 200.0), (0, 1, "reinit", 450.0),
        )
    ]  # fmt: skip
    assert sentence(info(source(records, some, state="running"))).startswith(
        "At 50.0 % of the weights, validation loss is lowest for the ticket after 250 (n = 2), the same mask with new "
        "weights after 450 (n = 1), the dense network after 450 (n = 2) steps."
    )


def test_censored_levels_are_open_and_make_no_claim(records: Any) -> None:
    data = info(source(records, rows(early_stop_censored=1.0, early_stop_step=1000.0)))
    found = comparable(data)
    assert found is not None
    assert found[0] == 1
    assert sentence(data).startswith("At 50.0 % of the weights")
    assert sentence(data).endswith("Hollow markers: still improving at the last step, so no speed-up claim there.")
    assert [counts.tolist() for counts in data.censored] == [[0, 0, 2], [0, 4]]
    assert "hollow markers: still improving at the last step (6 of 14)" in foot(data)
    symbols = {trace.meta["role"]: trace.marker.symbol for trace in draw(data).data if trace.meta["part"] == "mean"}
    assert symbols["winning_ticket"] == ("circle", "circle", "circle-open")
    assert symbols["reinit"] == ("square", "square-open")


def test_everything_censored_makes_no_claim_at_all(records: Any) -> None:
    censored = [{**row, "early_stop_censored": 1.0} for row in rows()]
    assert sentence(info(source(records, censored))) == (
        "At every level some network still improves at the last evaluation: no speed-up claim."
    )


def test_a_diverged_training_is_neither_a_step_nor_censored(records: Any) -> None:
    data = info(source(records, rows(diverged_step=20.0, early_stop_censored=1.0)))
    assert [counts.tolist() for counts in data.censored] == [[0, 0, 0], [0, 0]]
    assert np.isnan(data.curves[0].values[2]).all()
    assert "× 6 diverged trainings; not in the mean" in foot(data)
    found = comparable(data)
    assert found is not None
    assert found[0] == 1


def test_the_axis_reaches_the_last_step_before_and_after_the_first_point(records: Any) -> None:
    empty, full = info(source(records, state="running")), info(source(records, rows()))
    assert sentence(empty) == "The first point appears when the dense network is trained."
    assert draw(empty).layout.yaxis.range == draw(full).layout.yaxis.range == (0, 1140)
    assert draw(empty).layout.xaxis == draw(full).layout.xaxis


def test_table_names_the_censored(records: Any) -> None:
    columns = table(info(source(records, rows(early_stop_censored=1.0))))
    assert columns["early_stop_step"] == pytest.approx([400, 450, 300, 350, 200, 250, 500, 550, 400, 450])
    assert columns["censored_trainings_at_level"] == [0, 0, 0, 0, 2, 2, 0, 0, 4, 4]


def test_tickets_that_trained_on_are_not_compared(records: Any) -> None:
    continued_data = info(source(records, rows()))._replace(continued=True)
    assert sentence(continued_data).startswith("Tickets go on from trained weights")
