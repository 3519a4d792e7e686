"""Kept weights per pixel: ratios counted from the masks, chance's own spread, what is no picture."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.kinds.registry import kinds_of
from app.masks import codec
from app.masks.sums import sums
from app.plotting import words
from app.plotting.source import Source
from app.plotting.tickets.input_density import InputInfo, InputOptions, draw, finding, info, table
from app.plotting.tickets.input_view import View

Masks = dict[tuple[int, int], NDArray[Any]]


def source(records: Any, masks: Masks, told: Any = None, shape: tuple[int, ...] = (4, 16), state: str = "finished",
           replicate: int | None = None) -> Source[InputOptions]:  # fmt: skip
    """A network whose first layer has these masks by (replicate, level); `told` is the shape of an example."""
    provenance = {"layers": [{"name": "one", "shape": list(next(iter(masks.values()), np.zeros(shape)).shape)}]}
    run = records.run(state=state).model_copy(update={"provenance": {**provenance, "input": told}})
    artifacts = {
        ("pyramid", *place): {
            f"one.weight.{kind}": values
            for kind, values in sums(codec.pack(mask), codec.size_of(mask.shape)[1]).items()
        }
        for place, mask in masks.items()
    }
    return Source(run, InputOptions(replicate=replicate), {}, artifacts)


def said(made: InputInfo) -> str:
    return words.text(tuple(finding(made)))


def random_masks(places: list[tuple[int, int]], shape: tuple[int, ...], kept: int) -> Masks:
    rng = np.random.default_rng(0)
    return {place: (rng.permutation(np.prod(shape)) < kept).reshape(shape) for place in places}


def test_info_counted_from_the_masks(records: Any, same: Callable[..., bool]) -> None:
    masks = random_masks([(0, 0), (2, 0), (0, 3), (2, 3)], (4, 18), 30)
    masks[0, 0] = masks[2, 0] = np.ones((4, 18))
    data = info(source(records, masks, [2, 3, 3]))
    each = np.array([[masks[replicate, level].reshape(4, 2, 3, 3).sum(axis=(0, 1)) for replicate in (0, 2)]
                     for level in (0, 3)])  # fmt: skip
    ratio = each.sum(axis=1) / np.array([2 * 8, 2 * 30 / 9])[:, None, None]
    # Eight of 72 weights belong to a pixel; the mean of two masks has half the variance of one.
    variance = 8 * (30 / 72) * (42 / 72) * (64 / 71) / 2
    expected = InputInfo(
        layer="one",
        view=View((2, 3, 3), kernel=False, added=True),
        levels=np.array([0, 3]),
        n=np.array([2, 2]),
        density=np.array([1, 30 / 72]),
        ratio=ratio[:, None],
        last=(each[1] / (30 / 9))[:, None],
        spread=np.array([0, ratio[1].std()]),
        random_spread=np.array([0, np.sqrt(variance) / (30 / 9)]),
        awaited=(),
    )
    assert same(data, expected)


def test_a_text_is_no_picture_even_where_its_network_is_as_wide_as_one(records: Any) -> None:
    data = info(source(records, {(0, 0): np.ones((4, 64))}, [64]))
    assert data.view is None
    assert said(data) == "The input is not a picture but a text of 64 symbols."


def test_random_masks_have_the_spread_that_is_told_of_them(records: Any) -> None:
    places = list(itertools.product(range(2), range(12)))
    data = info(source(records, random_masks(places, (50, 784), 2000)))
    assert data.spread == pytest.approx(data.random_spread, rel=0.1)
    assert data.spread.mean() == pytest.approx(data.random_spread.mean(), rel=0.02)


def test_border_against_middle(records: Any) -> None:
    masks = {(replicate, 2): np.zeros((4, 8, 8)) for replicate in range(2)}
    for replicate, mask in masks.items():
        mask[:, 2:6, 2:6] = 1
        mask[0, 0, : 4 * (1 + replicate[0])] = 1
    data = info(source(records, {place: mask.reshape(4, 64) for place, mask in masks.items()}, [1, 8, 8]))
    # 68 and 72 of 256 weights are kept: by chance 17/16 and 18/16 of each pixel's four. The border has 28 pixels.
    border = [4 / 28 / (68 / 64), 8 / 28 / (72 / 64)]
    middle = [4 / (68 / 64), 4 / (72 / 64)]
    pooled = [12 / 28 / (140 / 64), 8 / (140 / 64)]
    spread, random = data.spread[-1], data.random_spread[-1]
    assert said(data) == (
        f"At level 2, pixels at the border keep {pooled[0]:.2f} ({border[0]:.2f} to {border[1]:.2f}) times as many "
        f"weights as in a random mask, those in the middle {pooled[1]:.1f} ({middle[1]:.1f} to {middle[0]:.1f}) "
        f"times; the standard "
        f"deviation over pixels is {spread:.1f}, for random masks {random:.2f}."
    )
    assert draw(data).layout.meta["foot"] == (
        "n = 2 replicates, mean, in brackets min to max · 1 = as many as a uniformly random mask keeps on average · "
        "border = outer eighth, middle = inner half"
    )


@pytest.mark.parametrize("kept", [0, 1])
def test_no_range_is_announced_where_none_is_given(records: Any, kept: int) -> None:
    masks = {(replicate, 2): np.full((4, 64), kept) for replicate in range(2)}
    data = info(source(records, masks, [1, 8, 8]))
    assert "(" not in said(data)
    assert draw(data).layout.meta["foot"].startswith("n = 2 replicates, mean · 1 = as many")


def test_one_replicate(records: Any) -> None:
    masks = random_masks([(0, 1), (1, 1), (1, 2)], (4, 16), 20)
    data = info(source(records, masks, replicate=1))
    assert data.levels.tolist() == [1, 2]
    assert data.n.tolist() == [1, 1]
    np.testing.assert_allclose(data.ratio[0, 0].ravel(), masks[1, 1].sum(axis=0) / (20 / 16))
    assert draw(data).layout.meta["foot"].startswith("n = 1 replicate, no spread")
    assert said(info(source(records, masks, replicate=5))) == "Replicate 5 has saved no mask."


def test_a_convolution_shows_its_kernel_by_channel(records: Any) -> None:
    mask = np.zeros((5, 3, 3, 3))
    mask[:, :, 1, 1] = 1
    mask[:2, 0, 0, 2] = 1
    data = info(source(records, {(0, 0): np.ones((5, 3, 3, 3)), (0, 1): mask}, [3, 32, 32]))
    np.testing.assert_allclose(data.ratio[1], mask.sum(axis=0) / (17 / 27))
    assert said(data).startswith(
        "At level 1, kernel position (1, 1) of channel 0 keeps 7.9 times as many weights as in a random mask, "
        "the most; (0, 0) of "
        "channel 0 keeps 0 times, the least; the standard deviation over kernel positions is "
    )
    figure = draw(data)
    assert [trace.z.shape for trace in figure.data] == [(3, 3)] * 6
    assert "one is a convolution: positions of its kernel instead of pixels" in figure.layout.meta["foot"]


def test_many_channels_are_added_up(records: Any) -> None:
    mask = random_masks([(0, 0)], (6, 4, 3, 3), 40)[0, 0]
    data = info(source(records, {(0, 0): mask}))
    np.testing.assert_allclose(data.ratio[0, 0], mask.sum(axis=(0, 1)) / (40 / 9))
    assert "4 channels summed" in draw(data).layout.meta["foot"]


def test_levels_are_spread_evenly_with_the_first_and_the_last(records: Any) -> None:
    masks = random_masks([(0, level) for level in range(31)], (4, 16), 20)
    levels = info(source(records, masks)).levels
    assert (len(levels), levels[0], levels[-1]) == (12, 0, 30)
    assert set(np.diff(levels)) <= {2, 3}
    assert info(source(records, {place: masks[place] for place in [(0, 4), (0, 7)]})).levels.tolist() == [4, 7]
    kernels = random_masks([(0, level) for level in range(31)], (4, 3, 3, 3), 20)
    assert info(source(records, kernels)).levels.tolist() == [0, 6, 12, 18, 24, 30]


@pytest.mark.parametrize(
    ("masks", "shape", "state", "expected"),
    [
        ({}, (4, 16), "running", "The mask is saved when its training starts."),
        ({}, (4, 16), "failed", "Nothing to show: no sums of a mask were saved."),
        (
            {},
            (4, 101),
            "finished",
            "The input is not a picture: one has 101 inputs, and their arrangement is not known.",
        ),
        ({(0, 0): np.ones((4, 16))}, (), "running", "At level 0 one is not pruned: every pixel keeps all its weights."),
        ({(0, 0): np.zeros((4, 16))}, (), "running", "At level 0 one has no weights left."),
    ],
)
def test_what_else_is_said(records: Any, masks: Masks, shape: tuple[int, ...], state: str, expected: str) -> None:
    data = info(source(records, masks, None, shape, state))
    assert said(data) == expected
    assert draw(data).layout.meta["n"] == len(masks)


def test_before_the_layers_are_known(records: Any) -> None:
    data = info(Source(records.run(state="queued", layers=False), InputOptions()))
    assert said(data) == "The mask is saved when its training starts."


def test_an_assumed_shape_is_said_and_every_picture_has_its_level(records: Any) -> None:
    figure = draw(info(source(records, random_masks([(0, 0), (0, 3)], (4, 16), 16))))
    assert "assumed 4×4" in figure.layout.meta["foot"]
    assert [note.text for note in figure.layout.annotations][1:] == ["level 0<br>25.0 %", "3<br>25.0 %"]


def test_table(records: Any) -> None:
    masks = random_masks([(0, 0), (0, 3)], (4, 2, 3, 3), 20)
    columns = table(info(source(records, masks)))
    places = list(zip(*(columns[name] for name in ("level", "channel", "row", "column")), strict=True))
    at = places.index((3, 1, 2, 0))
    assert columns["kept_relative_to_chance"][at] == pytest.approx(masks[0, 3][:, 1, 2, 0].sum() / (20 / 18))
    assert len(columns["level"]) == 2 * 18
    assert kinds_of("input_density") == ("lottery", "imported")
