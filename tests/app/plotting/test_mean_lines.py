"""Lines of means: bands where replicates differ, names where lines end, ticks of log axes."""

from typing import Any

import numpy as np
import pytest

from app.plotting.labels import End
from app.plotting.mean_lines import MeanLine, above, annotations, at_edge, end, log_axis, log_range, traces

NAN = float("nan")


def line(values: list[list[float]], **more: Any) -> MeanLine:
    array = np.array(values)
    return MeanLine("sgd", "SGD", np.arange(1.0, len(array) + 1), array, [f"at {i}" for i in range(len(array))], ".1f",
                    " %", **more)  # fmt: skip


def test_the_band_goes_from_least_to_most_and_points_without_a_value_are_left_out() -> None:
    low, high, middle = traces(line([[1, 3], [NAN, NAN], [4, NAN]]))
    assert middle["x"].tolist() == [1, 3]
    assert [item["y"].tolist() for item in (low, middle, high)] == [[1, 4], [2, 4], [3, 4]]
    assert middle["text"] == ["at 0: 2.0 %  (1.0 to 3.0, n = 2)", "at 2: 4.0 %"]


def test_one_replicate_has_no_band_and_no_value_no_trace() -> None:
    assert len(traces(line([[1], [2]]))) == 1
    assert traces(line([[NAN]])) == []
    assert traces(line([]).__class__("sgd", "", np.zeros(0), np.zeros((0, 2)), [], ".1f")) == []


def test_what_is_not_positive_has_no_place_on_a_log_axis() -> None:
    (drawn,) = traces(line([[0.0], [2.0]]), log_y=True)
    assert np.isnan(drawn["y"]).tolist() == [True, False]


def test_a_line_ends_at_its_last_mean() -> None:
    assert end(line([[1, 3], [4, NAN], [NAN, NAN]]), "SGD") == End("sgd", "SGD", 2, 4)
    assert end(line([[NAN]]), "SGD") is None


def test_labels_move_one_another_in_one_column_wherever_lines_end() -> None:
    ends = [End("sgd", "a", 1, 0.5), End("sgd", "b", 1, 0.5), End("sgd", "c", 2, 0.5), None]
    found = annotations(ends, (0, 1), gap=0.1)
    at = {note["text"]: (note.get("ax", note["x"]), note.get("ay", note["y"])) for note in found}
    assert at == {name: (2, pytest.approx(place)) for name, place in (("a", 0.4), ("b", 0.5), ("c", 0.6))}
    assert [note["showarrow"] for note in found] == [True, True, False]


def test_ends_near_the_edge_move_there() -> None:
    ends = [End("sgd", "a", 0.001, 1), End("sgd", "b", 0.5, 2), None]
    assert at_edge(ends, 2.0, 0.5, 4) == [ends[0], End("sgd", "b", 2.0, 2), None]


def test_names_above_near_points_are_moved_apart() -> None:
    notes = above([End("sgd", "a", 0.5, 5), End("sgd", "b", 0.55, 5), End("sgd", "c", 0.9, 5)], (0, 1), (0, 10))
    at = {note["text"]: note["y"] for note in notes}
    assert (at["a"], at["b"], at["c"]) == (5, pytest.approx(5.75), 5)
    notes = above([End("sgd", "a", 0.5, 9.9), End("sgd", "b", 0.55, 10)], (0, 1), (0, 10))
    # No name leaves the plot.
    assert [note["y"] for note in notes] == [pytest.approx(8.5), pytest.approx(9.25)]


@pytest.mark.parametrize(
    ("span", "ticks"),
    [
        ((-3.1, 1.2), ["0.001", "0.01", "0.1", "1", "10"]),
        ((-0.2, 0.4), ["1", "2"]),
        ((-9.0, 0.1), ["10⁻⁹", "10⁻⁷", "10⁻⁵", "0.001", "0.1"]),
        ((2.9, 4.1), ["1,000", "2,000", "5,000", "10,000"]),
    ],
)
def test_ticks_of_a_log_axis(span: tuple[float, float], ticks: list[str]) -> None:
    assert log_axis("x", span)["ticktext"] == ticks


def test_a_log_range_holds_all_that_is_positive() -> None:
    low, high = log_range(np.array([0, -1, NAN, 0.01, 100]))
    assert low < -2 < 2 < high
    assert log_range(np.zeros(3)) == (-3, 1)
