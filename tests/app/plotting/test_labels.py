"""Labels at the curves' ends never overlap, move as little as that allows and stay in the plot."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plotting.labels import GAP, End, annotations, spread


@given(st.lists(st.floats(-2, 3), max_size=10), st.floats(0.01, 0.1))
def test_spread_keeps_order_distance_and_bounds(wanted: list[float], gap: float) -> None:
    places = spread(wanted, gap)
    ranked = [places[i] for i in sorted(range(len(wanted)), key=lambda i: wanted[i])]
    assert all(high - low >= gap - 1e-9 for low, high in pairwise(ranked))
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], []),
        ([0.3], [0.3]),
        ([0.2, 0.8], [0.2, 0.8]),  # far enough: untouched
        ([0.5, 0.5], [0.45, 0.55]),  # the same place: both move by half
        ([0.55, 0.5, 0.1], [0.575, 0.475, 0.1]),
        ([0.0, 0.0], [0.0, 0.1]),  # the edge holds
        ([1.0, 0.99], [1.0, 0.9]),
    ],
)
def test_spread_by_hand(wanted: list[float], places: list[float]) -> None:
    assert spread(wanted, 0.1) == pytest.approx(places)


def test_more_than_fit_are_spaced_evenly() -> None:
    assert spread([0.5] * 5, 0.5) == pytest.approx([0, 0.25, 0.5, 0.75, 1])


def test_annotations_stand_right_of_the_end_on_a_log_axis() -> None:
    (label,) = annotations([End("reinit", "random reinit", 10.0, 60.0)], (50.0, 100.0), log_x=True)
    assert (label["x"], label["y"], label["text"]) == (1.0, 60.0, "random reinit")
    assert (label["name"], label["font"]["color"], label["xanchor"]) == ("reinit", "#2f6fb4", "left")


def test_a_curve_that_left_the_axis_is_labelled_at_the_edge() -> None:
    ends = [End("shuffled", "shuffled mask", 1.0, 20.0), End("random", "random mask", 1.0, 10.0)]
    low, lower = annotations(ends, (50.0, 100.0))
    assert (low["text"], lower["text"]) == ("shuffled mask ↓", "random mask ↓")
    assert low["y"] - lower["y"] == pytest.approx(GAP * 50)
    assert lower["y"] == 50.0


def test_a_thin_line_leads_from_the_end_of_a_shorter_curve_to_its_label_in_the_column() -> None:
    ends = [End("reinit", "reinit", 50.0, 80.0), End("dense", "dense", 10.0, 79.0)]
    short, long = annotations(ends, (0.0, 100.0), log_x=True, descending=True)
    assert (short["x"], short["y"], short["ax"]) == (pytest.approx(1.699, abs=1e-3), 80.0, 1.0)
    assert short["ay"] - long["y"] == pytest.approx(100 * GAP)
    assert (short["showarrow"], short["axref"], short["ayref"]) == (True, "x", "y")
    assert (long["x"], long["showarrow"]) == (1.0, False)


def test_short_lines_lead_to_labels_that_would_be_nearer_to_another_end() -> None:
    heights = {"reinit": 50.5, "random": 50.0, "shuffled": 49.5, "winning_ticket": 40.0}
    ends = [End(role, role, 9.0, y) for role, y in heights.items()]
    *near, far = annotations([*ends, End("dense", "dense", 9.0, 10.0)], (0.0, 100.0))
    assert [each["ay"] - other["ay"] for each, other in pairwise(near)] == pytest.approx([100 * GAP] * 3)
    for end, each in zip(ends, near, strict=True):
        assert (each["x"], each["y"], each["showarrow"], each["ayref"]) == (9.0, end.y, True, "y")
        assert "axref" not in each  # a length in px
    # All stand in one column.
    assert (far["showarrow"], far["xshift"]) == (False, near[0]["xshift"] + near[0]["ax"])
    apart = annotations(ends[:2], (0.0, 100.0))
    assert [(item["showarrow"], item["xshift"]) for item in apart] == [(False, 8)] * 2


def test_a_label_inside_the_plot_covers_the_lines_that_go_on_beneath_it() -> None:
    ends = [End("reinit", "reinit", 50.0, 80.0), End("dense", "dense", 10.0, 90.0)]
    for annotation in annotations(ends, (0.0, 100.0), column=False):
        assert (annotation["bgcolor"], annotation["showarrow"]) == ("rgba(255,255,255,0.85)", False)
    # The page puts them where there is room, beside the points of their curves.
    points = [annotation["place"] for annotation in annotations(ends, (0.0, 100.0), column=False)]
    assert points == [{"x": end.x, "y": end.y} for end in ends]
    assert "bgcolor" not in annotations(ends[1:], (0.0, 100.0), column=False)[0]
