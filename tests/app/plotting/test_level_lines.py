"""Lines by level: bands, gaps, labels that share a place, names that fit, n in words."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plotting import level_lines
from app.plotting.labels import GAP
from app.plotting.level_lines import Line, LogScale

NAN = float("nan")
LEVELS = np.arange(3)


def line(share: list[list[float]], name: str = "one", **more: Any) -> Line:
    return Line(name, name, np.array(share), "solid", "circle", **more)


def texts(lines: list[Line], *, log: bool = False, top: float = 100.0) -> list[str]:
    y_range = (-2.0, 2.08) if log else (0.0, top)
    scale = LogScale(y_range, 0.012, empty=True) if log else None
    return [note["text"] for note in level_lines.names(LEVELS, lines, y_range, scale)]


def test_a_band_holds_every_replicate_and_shows_only_where_they_differ() -> None:
    differing = level_lines.traces(LEVELS, line([[1, 1], [0.5, 0.7], [0.2, NAN]]))
    assert [trace["meta"]["part"] for trace in differing] == ["band", "band", "mean"]
    for trace, expected in zip(differing, ([100, 50, 20], [100, 70, 20], [100, 60, 20]), strict=True):
        np.testing.assert_allclose(trace["y"], expected)
    alike = level_lines.traces(LEVELS, line([[1, 1], [0.5, 0.5], [0.2, NAN]]))
    assert [trace["meta"]["part"] for trace in alike] == ["mean"]


def test_zero_is_a_cross_at_the_floor_of_a_log_axis() -> None:
    share: list[list[float]] = [[1, 1], [0.5, 0], [0, 0]]
    scale = level_lines.log_scale(np.array(share))
    assert scale.empty
    low, high, mean = level_lines.traces(LEVELS, line(share), scale)
    np.testing.assert_allclose(mean["y"], [100, 25, scale.floor])
    assert list(mean["marker"]["symbol"]) == ["circle", "circle", "x-thin"]
    assert mean["text"][2] == "0 %"
    np.testing.assert_allclose(low["y"], [100, scale.floor, scale.floor])
    np.testing.assert_allclose(high["y"], [100, 50, scale.floor])
    np.testing.assert_allclose(level_lines.traces(LEVELS, line(share))[-1]["y"], [100, 25, 0])


def test_the_floor_lies_on_the_axis_below_every_share_and_is_called_0() -> None:
    scale = level_lines.log_scale(np.array([0.5, 0.0004, 0.0]))
    axis = level_lines.log_axis("share (%)", scale)
    assert 10 ** scale.range[0] < scale.floor < 0.04
    assert dict(zip(axis["tickvals"], axis["ticktext"], strict=True))[scale.floor] == "0"
    without = level_lines.log_scale(np.array([0.5, 0.0004]))
    assert (without.empty, "0" in level_lines.log_axis("share (%)", without)["ticktext"]) == (False, False)
    assert level_lines.empty_note(scale)
    assert not level_lines.empty_note(without)


def test_lines_that_end_together_share_a_label() -> None:
    def ending(name: str, end: float, **more: Any) -> Line:
        return line([[1.0], [0.6], [end]], name, **more)

    assert texts([ending("a", 0.5), ending("b", 0.501), ending("c", 0.7)]) == ["a, b", "c"]
    assert texts([ending("a", 0.5), ending("b", 0.5), ending("c", 0.5)]) == ["a … c"]
    assert texts([ending("a", 0.5), ending("b", 0.5, role="soft")]) == ["a", "b"]
    # A range would take in the line between.
    fifths = [ending(name, end) for name, end in zip("abcd", (0.5, 0.5, 0.7, 0.5), strict=True)]
    assert texts(fifths) == ["a, b, d", "c"]
    layers = [ending(f"layer{i}.conv", end) for i, end in enumerate((0.5, 0.5, 0.7, 0.5))]
    assert texts(layers)[0].endswith("conv + 2 more")
    # Same end at another level is another end.
    assert texts([ending("a", 0.5), line([[1.0], [0.5], [NAN]], "b")]) == ["a", "b"]
    assert texts([ending("a", 0.0)]) == ["a"]
    assert texts([ending("a", 0.0)], log=True) == ["a"]
    assert texts([line([[NAN], [NAN], [NAN]], "a")]) == []


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=80), st.booleans())
def test_however_many_layers_their_labels_have_room(ends: list[float], log: bool) -> None:
    lines = [line([[1.0], [0.9], [end]], f"layer{i}.conv.0") for i, end in enumerate(ends)]
    shown = texts(lines, log=log)
    assert 1 <= len(shown) <= 1 / GAP
    assert max(map(len, shown)) <= 15


def test_long_names_keep_their_end() -> None:
    assert texts([line([[1.0], [1.0], [0.5]], "features.layer1.0.conv2")]) == ["…ayer1.0.conv2"]


def test_a_crowd_is_one_trace_that_holds_every_line() -> None:
    lines = level_lines.of_layers([f"l{i}" for i in range(60)], np.random.default_rng(0).random((60, 3, 1)))
    assert len(level_lines.crowd(LEVELS, lines[:20])) == 20
    (trace,) = level_lines.crowd(LEVELS, lines)
    drawn = np.reshape(trace["y"], (60, 4))
    np.testing.assert_allclose(drawn[:, :3], [100 * line.share[:, 0] for line in lines])
    assert np.isnan(drawn[:, 3]).all()


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (np.zeros((0, 0)), "n = 0"),
        (np.full((2, 1), NAN), "n = 0"),
        (np.ones((2, 1)), "n = 1 replicate: no spread"),
        (np.ones((2, 3)), "n = 3 replicates, mean · band = min to max where they differ"),
        (np.array([[1, 1], [1, NAN]]), "n = 1 to 2 replicates by level, mean · band = min to max where they differ"),
    ],
)
def test_foot(share: Any, expected: str) -> None:
    assert level_lines.foot(share) == expected


def test_the_level_told_is_the_last_that_most_have_reached() -> None:
    assert level_lines.level_of_most(np.array([[1, 1], [1, 1], [1, NAN]])) == 1
    assert level_lines.level_of_most(np.array([[1.0], [1.0]])) == 1
