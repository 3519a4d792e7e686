"""Singular values over steps: means of replicates that did not diverge, a line for each moment."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from app.contract.experiment import FieldError
from app.kinds.erasure.figures.one_training import TrainingChoice
from app.kinds.erasure.figures.singular_values import SpectrumInfo, draw, finding, foot, info, table
from app.plotting import words
from app.plotting.source import Source
from tests.app import erasure_rows
from tests.app.erasure_rows import NAN, ending, erasure_run, series, spectrum, whole

GRIDS = {"sgd": (0.5, 1.0), "dualised": (0.1,)}
place = partial(erasure_rows.place, optimizers=GRIDS)
START, END = [1.0, 0.8, 0.1], [3.0, 0.9, 0.2]


def source(rows: list[dict[str, Any]], ends: list[dict[str, Any]], run: Any = None, **options: Any) -> Any:
    tables = {"spectrum": series(rows), "ending": series(ends)}
    return Source(run or erasure_run(optimizers=GRIDS), TrainingChoice(**options), tables)


def measured() -> list[dict[str, Any]]:
    """SGD at lr 1: two replicates, the second a tenth larger at the end; at lr 0.5 something else."""
    rows = []
    for replicate in (1, 0):
        where = place("sgd", 1, replicate)
        rows += spectrum(where, 100, [value * (1 + 0.1 * replicate) for value in END]) + spectrum(where, 0, START)
    return rows + spectrum(place("sgd", 0), 0, [9.0, 9.0, 9.0])


ENDS = [ending(place("sgd", 1, r), validation_accuracy=0.9) for r in (0, 1)] + [
    ending(place("sgd", 0), validation_accuracy=0.8)
]


def test_info_by_hand(same: Any) -> None:
    data = info(source(measured(), ENDS))
    expected = SpectrumInfo(
        optimizer="sgd",
        lr=1.0,
        width=16,
        steps=100,
        observed_steps=np.array([0, 100]),
        shares=np.array([0, 0.5, 1]),
        values=np.array([[[1, 1], [0.8, 0.8], [0.1, 0.1]], [[3, 3.3], [0.9, 0.99], [0.2, 0.22]]]),
        replicates=(0, 1),
        asked=True,
        diverged=0,
        all_diverged=False,
        live=False,
    )
    assert same(data, expected)
    # 3 and 3.3: mean 3.15, sd 0.212; 0.9 and 0.99: mean 0.945, sd 0.0636.
    assert words.text(tuple(finding(data))) == (
        "SGD at lr 1, step 0 to 100 over 2 replicates: the largest singular value goes from 1.00 ± 0 to 3.15 ± 0.21, "
        "the one in the middle from 0.800 ± 0 to 0.945 ± 0.064."
    )
    assert foot(data) == (
        "n = 2 replicates, mean ± standard deviation · one line per recorded step, fainter = earlier · dotted: "
        "step 0 · the "
        "smallest value lies below the axis"
    )


def test_lines_go_from_paper_to_ink_and_step_zero_is_dotted() -> None:
    first, last = draw(info(source(measured(), ENDS))).data
    assert (first.line.dash, first.line.color) == ("2px,2.5px", "rgba(28,27,34,0.2)")
    assert (last.line.dash, last.line.color) == ("solid", "rgba(28,27,34,1.0)")
    assert last.x.tolist() == [0, 50, 100]
    assert last.y.tolist() == pytest.approx([3.15, 0.945, 0.21])
    assert [trace.meta["role"] for trace in (first, last)] == ["dense", "dense"]


def test_a_least_value_far_below_the_others_does_not_flatten_them() -> None:
    low, high = draw(info(source(measured(), ENDS))).layout.yaxis.range
    assert 10**low < 0.8 < 3.15 < 10**high
    assert 10**low > 0.21
    near = info(source(spectrum(place("sgd"), 0, [1.0, 0.8, 0.7]), [], lr=0.5))
    assert 10 ** draw(near).layout.yaxis.range[0] < 0.7
    assert "below the axis" not in foot(near)


def test_a_replicate_that_diverged_is_left_out() -> None:
    rows = measured() + spectrum(place("sgd", 1, 2), 0, [7.0, 7.0, 7.0])
    run = erasure_run(optimizers=GRIDS, replicates=3)
    data = info(source(rows, [*ENDS, ending(place("sgd", 1, 2), diverged=4)], run, lr=1.0))
    assert data.replicates == (0, 1)
    assert data.values.max() == pytest.approx(3.3)
    assert foot(data).endswith("1 replicate diverged, not in the mean")


def test_where_all_diverged_it_is_what_they_had_before_and_says_so() -> None:
    rows = spectrum(place("dualised"), 0, START) + spectrum(place("dualised"), 10, END)
    data = info(source(rows, [ending(place("dualised"), diverged=12)], optimizer="dualised"))
    assert data.all_diverged
    assert words.text(tuple(finding(data))).endswith("Every replicate diverged later: this is step 10.")


def test_a_moment_that_not_all_have_reached_is_not_drawn() -> None:
    rows = measured() + spectrum(place("sgd", 1, 0), 10, END)
    assert info(source(rows, ENDS)).observed_steps.tolist() == [0, 100]


def test_a_singular_value_of_zero_has_no_place_on_the_axis() -> None:
    data = info(source(spectrum(place("sgd"), 0, [1.0, 0.5, 0.0]), [], lr=0.5))
    (line,) = draw(data).data
    assert np.isnan(line.y).tolist() == [False, False, True]
    assert (
        words.text(tuple(finding(data))) == "SGD at lr 0.5: the largest singular value is 1.00 before the first step."
    )


def test_a_rate_of_another_optimizer_is_said_not_to_be_there() -> None:
    data = info(source(measured(), ENDS, optimizer="dualised", lr=0.5))
    assert words.text(tuple(finding(data))) == "dualised was not trained at lr 0.5."
    assert draw(data).data == ()
    assert table(data)["value"] == []
    with pytest.raises(FieldError, match="optimizer"):
        info(source(measured(), ENDS, optimizer="adam"))


@pytest.mark.parametrize(("state", "expected"), [
    ("queued", "The first line appears when this network starts to train."),
    ("cancelled", "Nothing to show: this network was not trained."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    data = info(source([], [], erasure_run(state=state)))
    assert words.text(tuple(finding(data))) == expected
    assert foot(data) == "n = 0"


def test_a_live_training_says_what_is_to_come() -> None:
    run = erasure_run(state="running", replicates=1)
    data = info(Source(run, TrainingChoice(), whole(run, lambda _place, _replicate: 10)))
    assert int(data.observed_steps[-1]) == 10
    assert foot(data).endswith("still training, 100 steps in all")


def test_table_has_a_row_for_each_value(same: Any) -> None:
    columns = table(info(source(measured(), ENDS)))
    assert columns["step"] == [0] * 6 + [100] * 6
    assert columns["share"] == [0, 0, 0.5, 0.5, 1, 1] * 2
    assert columns["replicate"] == [0, 1] * 6
    assert same(columns["value"][6:], [3, 3.3, 0.9, 0.99, 0.2, 0.22])
    assert NAN not in columns["value"]
