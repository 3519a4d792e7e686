"""Small pictures under a figure: none overlaps another, and each stands under its rate."""

import math
from itertools import combinations

import numpy as np
import pytest

from app.kinds.erasure.figures import contact_sheet
from app.kinds.erasure.figures.contact_sheet import MOST, Sheet, Spot, images, marks, shown, zone

GRIDS = {
    "erasure-digits": {"sgd": [0.25, 0.5, 1.0], "spectral_sgd": [0.25, 0.5, 1.0], "adam": [1e-3, 3e-3, 1e-2]},
    "full grid": {name: [2.0**k for k in range(-6, 4)] for name in ("dualised", "sgd", "spectral_sgd")},
    "one": {"sgd": [0.1]},
    "falling": {"sgd": [1.0, 0.5, 0.25]},
    "many": {f"o{i}": [0.1, 1.0] for i in range(16)},
}


def sheet(name: str) -> Sheet:
    return shown({key: np.array(lrs) for key, lrs in GRIDS[name].items()})


def spots(name: str) -> list[Spot]:
    made = sheet(name)
    return [Spot(key, GRIDS[name][key][rate], "x.png") for key, rates in made.rates.items() for rate in rates]


@pytest.mark.parametrize("name", GRIDS)
def test_no_two_pictures_overlap_and_all_are_inside(name: str) -> None:
    made = sheet(name)
    boxes = [
        (image["x"] - image["sizex"] / 2, image["x"] + image["sizex"] / 2,
         image["y"] - image["sizey"] / 2, image["y"] + image["sizey"] / 2)
        for image in images(made, spots(name))
    ]  # fmt: skip
    assert 0 < len(boxes) <= MOST
    for a, b in combinations(boxes, 2):
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
    for left, right, bottom, top in boxes:
        assert made.span[0] <= left < right <= made.span[1]
        assert 0 <= bottom < top <= zone(made) < 0.6


@pytest.mark.parametrize("name", GRIDS)
def test_each_stands_under_its_rate(name: str) -> None:
    for spot, image in zip(spots(name), images(sheet(name), spots(name)), strict=True):
        assert image["x"] == pytest.approx(math.log10(spot.lr))
        assert (image["xref"], image["xanchor"]) == ("x", "center")


def test_optimizers_whose_rates_lie_apart_share_a_row() -> None:
    assert sheet("erasure-digits").rows == {"sgd": 0, "spectral_sgd": 1, "adam": 0}


def test_more_than_there_is_room_for_are_spread_from_the_first_to_the_last() -> None:
    made = sheet("full grid")
    assert {key: (rates[0], rates[-1], len(rates)) for key, rates in made.rates.items()} == dict.fromkeys(
        GRIDS["full grid"], (0, 9, 8)
    )
    assert made.left_out == 6
    assert sheet("many").rates["o3"] == (1,)


def test_what_diverged_has_a_cross_and_each_row_its_name() -> None:
    made = sheet("erasure-digits")
    notes = marks(made, [Spot("sgd", 0.25, "x.png"), Spot("sgd", 1.0, "")], {"sgd": "SGD"})
    assert [(note["text"], note["name"]) for note in notes] == [("×", "sgd"), ("SGD", "sgd")]
    assert notes[0]["x"] == 0
    assert (notes[1]["x"], notes[1]["xshift"]) == (0, 9)
    assert "place" not in notes[1]
    # The page knows the size of a picture, and puts the name right beside it.
    (dense,) = marks(made, [Spot("sgd", 1.0, "x.png")], {"sgd": "SGD"})
    assert (dense["x"], dense["place"]) == (0, {"image": 0, "aspect": 1.0})
    # What diverged has no picture, so that the next has its index.
    (_, second) = marks(made, [Spot("sgd", 0.25, ""), Spot("sgd", 1.0, "x.png")], {"sgd": "SGD"})
    assert second["place"]["image"] == 0
    assert contact_sheet.images(made, [Spot("sgd", 1.0, "")]) == []


@pytest.mark.parametrize(("aspect", "flat"), [(1.0, False), (2.0, False), (0.5, False), (2.1, True), (0.4, True)])
def test_flat_pictures_are_stretched(aspect: float, flat: bool) -> None:
    made = shown({"sgd": np.array([0.1, 1.0])}, aspect=aspect)
    (image,) = images(made, [Spot("sgd", 1.0, "x.png")])
    assert image["sizing"] == ("stretch" if flat else "contain")
