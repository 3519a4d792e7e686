"""Erasure over steps: which lines are drawn, what their ends mean, and where diverged ones stop."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest

from app.kinds.erasure.figures.erasure_over_steps import draw, table
from app.kinds.erasure.figures.steps_data import MAX_LINES, StepsInfo, StepsOptions, info
from app.kinds.erasure.figures.steps_words import finding, foot
from app.kinds.erasure.figures.trajectory import Trajectory
from app.plotting import words
from app.plotting.source import Source
from app.plotting.step_axis import ZERO
from tests.app import erasure_rows
from tests.app.erasure_rows import NAN, UPDATES, ending, erasure_run, moment, series, whole

GRIDS = {"sgd": (0.1, 1.0), "dualised": (1.0,)}
place = partial(erasure_rows.place, optimizers=GRIDS)


def source(series_: dict[str, Any], run: Any = None, **options: Any) -> Source[StepsOptions]:
    return Source(run or erasure_run(optimizers=GRIDS), StepsOptions(**options), series_)


def measured() -> dict[str, Any]:
    """SGD fades a little at both rates, better at 1; dualised erases in one replicate and diverges in the other."""
    moments, ends = [], []
    for replicate in (0, 1):
        for rate, validation in ((0, 0.8), (1, 0.9)):
            where = place("sgd", rate, replicate)
            moments += [moment(where, step, visibility=value - 0.1 * rate - 0.02 * replicate)
                        for step, value in ((0, 1.0), (10, 0.95), (100, 0.9))]  # fmt: skip
            ends.append(ending(where, validation_accuracy=validation))
    moments += [moment(place("dualised", 0, 0), step, visibility=value) for step, value in ((0, 1.0), (100, 0.51))]
    moments += [moment(place("dualised", 0, 1), 0, visibility=0.99)]
    ends += [ending(place("dualised", 0, 0)), ending(place("dualised", 0, 1), diverged=7)]
    return {"erasure": series(moments), "ending": series(ends)}


def drawn(made: StepsInfo, part: str = "mean") -> dict[str, Any]:
    return {trace.name: trace for trace in draw(made).data if trace.meta["part"] == part}


def test_info_by_hand(same: Any) -> None:
    data = info(source(measured()))
    sgd = Trajectory(
        "sgd", 1.0, True, True, np.array([0, 10, 100]), np.array([[0.9, 0.88], [0.85, 0.83], [0.8, 0.78]]),
        np.full(3, 0.48), np.full(3, 0.52), (),
    )  # fmt: skip
    assert same(data.trajectories[0], sgd)
    dualised = data.trajectories[1]
    assert same(dualised.values, np.array([[1.0, NAN], [0.51, NAN]]))
    assert [(lost.replicate, lost.diverged_step, lost.values.tolist()) for lost in dualised.lost] == [(1, 7, [0.99])]
    rest = (data.measure, data.width, data.steps, data.two_level, data.left_out, data.match, data.live)
    assert rest == ("visibility", 16, 100, True, 0, None, False)
    # 0.8 and 0.78: mean 0.79, sd 0.0141.
    assert words.text(tuple(finding(data))) == (
        "SGD at lr 1: AUC 0.79 ± 0.01 after 100 steps over 2 replicates: visible; dualised at lr 1: AUC 0.51: erased."
    )
    assert foot(data) == (
        "n = 1 to 2 replicates, mean ± standard deviation · band = min to max · best learning rate = highest "
        "validation "
        "accuracy at the end · grey strip = 95 % of pictures with rows and columns permuted; erased = AUC up to 0.55 · "
        "diverged; not in the mean: dualised lr 1 (1 of 2, at step 7): ×"
    )


def test_no_step_is_lost_on_the_axis() -> None:
    line = drawn(info(source(measured())))["SGD lr 1"]
    assert line.x.tolist() == pytest.approx([ZERO, 1, 2])
    assert line.y.tolist() == pytest.approx([0.89, 0.84, 0.79])
    assert line.text[0] == "SGD lr 1<br>step 0: 0.890  (0.880 to 0.900, n = 2)"


def test_a_diverged_training_stops_at_a_cross_where_it_did() -> None:
    (lost,) = drawn(info(source(measured())), "diverged").values()
    assert lost.x.tolist()[:2] == pytest.approx([ZERO, math.log10(7)])
    assert lost.marker.size == (0, 10, 0)
    assert lost.text[1] == "dualised lr 1, replicate 1<br>diverged at step 7; last measured at step 0"


def test_where_all_diverged_there_is_no_mean() -> None:
    rows = {"erasure": series([moment(place("dualised", 0, r), 0) for r in (0, 1)]),
            "ending": series([ending(place("dualised", 0, r), diverged=3 + r) for r in (0, 1)])}  # fmt: skip
    data = info(source(rows, optimizer="dualised"))
    assert drawn(data) == {}
    assert len(drawn(data, "diverged")) == 1
    assert words.text(tuple(finding(data))) == "Every training shown diverged."


def test_all_rates_are_told_apart_by_their_strength() -> None:
    lines = drawn(info(source(measured(), rates="all")))
    assert list(lines) == ["dualised lr 1", "SGD lr 1", "SGD lr 0.1"]
    colors = [lines[name].line.color for name in ("SGD lr 0.1", "SGD lr 1")]
    assert colors[0].endswith(",0.4)")
    assert colors[1].startswith("#")


def test_the_null_strip_is_the_mean_interval() -> None:
    low, high = [trace for trace in draw(info(source(measured()))).data if trace.meta["part"] == "null"]
    assert low.y.tolist() == pytest.approx([0.48] * 3)
    assert high.y.tolist() == pytest.approx([0.52] * 3)
    assert not [trace for trace in draw(info(source(measured(), measure="loss"))).data if trace.meta["part"] == "null"]


def test_twins_are_thin_dotted_and_in_no_finding() -> None:
    run = erasure_run(optimizers=GRIDS, twins=True)
    data = info(source(whole(run), run, twins=True))
    assert [trajectory.marked for trajectory in data.trajectories] == [True, True, False, False]
    twins = drawn(data, "twin")
    assert {trace.line.dash for trace in twins.values()} == {"1px,3px"}
    # The picture was never in them: about one half from the start.
    assert all(abs(trace.y - 0.5).max() < 0.02 for trace in twins.values())
    assert words.text(tuple(finding(data))).count("AUC") == 2
    assert "thin dotted: twins without the picture" in foot(data)


def test_a_grey_picture_is_detectable_or_not() -> None:
    one = {"sgd": (1.0,)}
    run = erasure_run(optimizers=one, two_level=False, replicates=1)
    rows = {"erasure": series([moment(place(optimizers=one), 100, visibility=0.01, null_low=-0.03, null_high=0.03)])}
    data = info(source(rows, run))
    assert words.text(tuple(finding(data))) == "SGD at lr 1: rank correlation 0.01 after 100 steps: not detectable."
    assert "erased" not in foot(data)
    assert draw(data).layout.meta["axes"]["y"] == "visibility of the picture (rank correlation)"


def test_dualised_beside_spectral_sgd_tells_what_is_equal() -> None:
    both = {"dualised": (1.0,), "spectral_sgd": (1.0,)}
    run = erasure_run(optimizers=both, replicates=1)
    rows = [moment(place(name, optimizers=both), step, update_spectral=0.3, update_frobenius=norm)
            for name, norm in (("dualised", 2.7), ("spectral_sgd", 0.3)) for step in (1, 100)]  # fmt: skip
    text = words.text(tuple(finding(info(source({"erasure": series(rows)}, run)))))
    assert text.endswith("; at lr 1 equal spectral norm per step, the Frobenius norm of spectral SGD 9.0× smaller.")


@pytest.mark.parametrize(
    ("measure", "value", "said"),
    [
        ("test_accuracy", 0.5, "test accuracy 50.0 % after"),
        ("loss", 0.0123, "loss 0.0123 after"),
        ("update_stable_rank", 33.3, "stable rank 33.3 after"),
        ("movement", 1.5, "‖Wt − W0‖ / ‖W0‖ 1.50 after"),
    ],
)
def test_measures_in_words(measure: Any, value: float, said: str) -> None:
    one = {"sgd": (1.0,)}
    run = erasure_run(optimizers=one, replicates=1)
    data = info(
        source({"erasure": series([moment(place(optimizers=one), 100, **{measure: value})])}, run, measure=measure)
    )
    assert said in words.text(tuple(finding(data)))
    figure = draw(data)
    assert (figure.layout.yaxis.type == "log") is (measure not in ("test_accuracy", "movement"))
    y = math.log10(value) if figure.layout.yaxis.type == "log" else value * (100 if "accuracy" in measure else 1)
    low, high = figure.layout.yaxis.range
    assert low < y < high


@pytest.mark.parametrize("measure", UPDATES)
def test_an_update_begins_after_step_zero(measure: Any) -> None:
    line = drawn(info(source(measured(), measure=measure)))["SGD lr 1"]
    assert line.x.tolist() == pytest.approx([1, 2])


def test_no_more_lines_than_can_be_told_apart_the_best_always_among_them() -> None:
    lrs = tuple(0.01 * 2**k for k in range(10))
    run = erasure_run(optimizers={"sgd": lrs, "adam": lrs, "lion": lrs}, replicates=1)
    data = info(source(whole(run), run, rates="all"))
    assert len(data.trajectories) == MAX_LINES
    assert data.left_out == 30 - MAX_LINES
    assert [trajectory.optimizer for trajectory in data.trajectories if trajectory.best] == ["sgd", "adam", "lion"]
    assert "14 lines omitted; choose an optimizer to see all of its rates" in foot(data)
    alone = info(source(whole(run), run, rates="all", optimizer="lion"))
    assert (len(alone.trajectories), alone.left_out) == (10, 0)


def test_a_live_run_says_where_each_line_is() -> None:
    run = erasure_run(optimizers={"sgd": (1.0,)}, state="running", replicates=1)
    data = info(source(whole(run, lambda _place, _replicate: 10), run))
    assert " at step 10: visible." in words.text(tuple(finding(data)))
    assert foot(data).endswith("1 training remaining")


@pytest.mark.parametrize(("state", "expected"), [
    ("queued", "The first point appears when a network starts to train."),
    ("failed", "Nothing to show: no training here has a point."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    data = info(source({}, erasure_run(state=state, two_level=None)))
    assert words.text(tuple(finding(data))) == expected
    assert draw(data).data == ()


def test_table_has_what_was_measured_before_it_diverged() -> None:
    columns = table(info(source(measured(), optimizer="dualised")))
    assert columns == {
        "optimizer": ["dualised"] * 3, "lr": [1.0] * 3, "picture": [True] * 3, "replicate": [0, 0, 1],
        "diverged_step": [None, None, 7], "step": [0, 100, 0], "visibility": [1.0, 0.51, 0.99],
    }  # fmt: skip
