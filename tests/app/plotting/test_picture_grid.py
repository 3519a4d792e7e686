"""Pictures on one scale: chance in the middle, pooling that keeps the mean, places that do not overlap."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plotting.picture_grid import Picture, block, draw, pooled, shade
from app.plotting.words import Part


@given(st.floats(1e-6, 1e6))
def test_the_scale_is_symmetric_about_chance(ratio: float) -> None:
    assert shade(1.0) == 0.5
    assert shade(0.0) == 0
    assert shade(ratio) + shade(1 / ratio) == pytest.approx(1)
    assert shade(1.01 * ratio) > shade(ratio)
    assert np.isnan(shade(np.nan))


@given(st.integers(1, 100), st.integers(1, 100))
def test_pooling_is_the_mean_of_each_block(height: int, width: int) -> None:
    picture = np.random.default_rng(height).random((height, width))
    side, made = block(picture.shape), pooled(picture)
    assert max(made.shape) <= 32
    by_hand = [
        [picture[y : y + side, x : x + side].mean() for x in range(0, width, side)] for y in range(0, height, side)
    ]
    np.testing.assert_allclose(made, by_hand)
    if max(picture.shape) <= 32:
        np.testing.assert_array_equal(made, picture)


def figure(levels: int, channels: int) -> Any:
    pictures = [
        Picture(
            level, f"{level} %", f"channel {channel}" if channels > 1 else "", np.full((2, 3), 1.0 + level + channel)
        )
        for level in range(levels)
        for channel in range(channels)
    ]
    return draw(pictures, channels=channels, cell="pixel", title="t", finding=[Part("f")], foot="foot", n=1)


def test_a_mask_that_keeps_nothing_is_a_bare_picture() -> None:
    pictures = [Picture(0, "100 %", "", np.ones((2, 3))), Picture(1, "0 %", "", np.full((2, 3), np.nan))]
    plot = draw(pictures, channels=1, cell="pixel", title="t", finding=[Part("f")], foot="foot", n=1)
    np.testing.assert_array_equal(plot.data[1].z, np.zeros((2, 3)))
    assert plot.data[1].hovertemplate == "nothing is kept<extra></extra>"
    assert "× chance" in plot.data[0].hovertemplate


@pytest.mark.parametrize(("levels", "channels"), [(1, 1), (5, 1), (12, 1), (6, 3), (1, 3), (0, 1)])
def test_pictures_do_not_overlap_and_share_one_scale(levels: int, channels: int) -> None:
    plot = figure(levels, channels)
    assert len(plot.data) == levels * channels
    places = []
    for trace in plot.data:
        x, y = (plot.layout[axis.replace(axis[0], f"{axis[0]}axis", 1)] for axis in (trace.xaxis, trace.yaxis))
        assert (trace.coloraxis, y.scaleanchor, x.visible, y.visible) == ("coloraxis", trace.xaxis, False, False)
        assert x.range == (-0.5, 2.5)
        assert y.range == (1.5, -0.5)  # the first row of a picture is its top
        assert 0 <= x.domain[0] < x.domain[1] <= 1
        assert -1e-9 <= y.domain[0] < y.domain[1] <= 1
        places.append((*x.domain, *y.domain))
    for (left, right, low, high), (left2, right2, low2, high2) in combinations(places, 2):
        assert right <= left2 or right2 <= left or high <= low2 or high2 <= low


def test_titles_stand_above_and_channels_at_the_left() -> None:
    one, three = figure(12, 1), figure(6, 3)
    texts = [note.text for note in one.layout.annotations][1:]
    assert texts == [f"{'level ' if level in (0, 6) else ''}{level}<br>{level} %" for level in range(12)]
    texts = [note.text for note in three.layout.annotations][1:]
    assert [text for text in texts if "<br>" in text] == [
        f"{'level ' if level == 0 else ''}{level}<br>{level} %" for level in range(6)
    ]
    assert [text for text in texts if "<br>" not in text] == ["channel 0", "channel 1", "channel 2"]
    np.testing.assert_allclose(three.data[4].customdata, 1 + 1 + 1)  # level 1, channel 1
