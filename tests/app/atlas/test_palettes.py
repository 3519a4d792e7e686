"""Colours of matrices are read by their lightness, stand out from the page, and stay apart for every common eye."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.atlas import palettes
from app.atlas.palettes import Stops, Theme, ramp

Colors = NDArray[np.float64]
THEMES: tuple[Theme, ...] = ("light", "dark")

# sRGB to CIE XYZ, white D65. Source: IEC 61966-2-1:1999.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
# What a dichromat sees, in linear sRGB. Source: Machado, Oliveira & Fernandes 2009, "A physiologically-based model for
# simulation of color vision deficiency", IEEE TVCG 15(6), severity 1.0.
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
# A difference of 2.3 in CIELAB is just noticed between large patches side by side (Mahy et al. 1994); single pixels and
# colours across a picture need many times that.
FAR_APART = 40
# How many colours a picture of values with a sign has: six bits, of which 0 is the paper.
SIGNED = 63


def linear(rgb: NDArray[np.uint8]) -> Colors:
    """Linear light of sRGB bytes, in [0, 1]. Source: IEC 61966-2-1:1999."""
    share = rgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one: Colors, other: Colors) -> float:
    """Source: WCAG 2.2, "contrast ratio"."""
    high, low = sorted((float(XYZ[1] @ one), float(XYZ[1] @ other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(light: Colors) -> Colors:
    """CIELAB of linear light, `(n, 3)`. Source: CIE 15:2004, 8.2.1."""
    share = light @ XYZ.T / XYZ.sum(axis=1)
    edge = (6 / 29) ** 3
    f = np.where(share > edge, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    array: Colors = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    return array


def lightness(colors: NDArray[np.uint8]) -> Colors:
    found: Colors = lab(linear(colors))[:, 0]
    return found


def seen(stops: Stops, eye: str) -> Colors:
    """CIELAB of the stops as that eye sees them."""
    return lab(np.clip(linear(ramp(stops, len(stops))) @ EYES[eye].T, 0, 1))


def distance(one: Colors, other: Colors) -> float:
    return float(np.linalg.norm(one - other))


def test_the_measures_agree_with_known_colours() -> None:
    white, black, red = (linear(np.array(rgb, np.uint8)) for rgb in ((255, 255, 255), (0, 0, 0), (255, 0, 0)))
    assert contrast(white, black) == pytest.approx(21)
    assert contrast(white, red) == pytest.approx(4.0, abs=0.01)
    known = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]]
    assert lab(np.stack([white, black, red])) == pytest.approx(np.array(known), abs=0.05)
    for eye in EYES.values():  # greys stay grey
        assert eye @ white == pytest.approx(white, abs=1e-5)
    # What dichromats do not see is the axis from red to green, a* of CIELAB.
    red_to_green = {eye: abs(np.diff(seen(("#c05050", "#508f2c"), eye)[:, 1])[0]) for eye in EYES}
    assert red_to_green.pop("all cones") > 70
    assert max(red_to_green.values()) < 5


@pytest.mark.parametrize("theme", THEMES)
def test_more_is_always_further_from_the_paper(theme: Theme) -> None:
    away = np.sign(lightness(ramp((palettes.SEQUENTIAL[theme][-1],), 1)) - lightness(ramp((palettes.PAPER[theme],), 1)))
    for n in (2, 15, 255):
        steps = away * np.diff(lightness(ramp((palettes.PAPER[theme], *palettes.SEQUENTIAL[theme]), n)))
        assert (steps > 0).all()


@pytest.mark.parametrize("theme", THEMES)
def test_the_least_that_is_kept_stands_out_from_the_paper(theme: Theme) -> None:
    paper = linear(ramp((palettes.PAPER[theme],), 1))[0]
    kept = [palettes.SEQUENTIAL[theme][0], palettes.SAME[theme], *palettes.DIVERGING[theme], *palettes.SIDES[theme]]
    for color in kept:
        assert contrast(linear(ramp((color,), 1))[0], paper) >= 1.5, color


@pytest.mark.parametrize("theme", THEMES)
def test_equal_magnitudes_are_about_equally_light(theme: Theme) -> None:
    stops = palettes.DIVERGING[theme]
    found = lightness(ramp(stops, SIGNED))
    middle = len(found) // 2
    # Strictly on from the middle to both ends, so that lightness alone tells magnitudes of one sign apart.
    away = np.sign(found[-1] - found[middle])
    assert (away * np.diff(found[middle:]) > 0).all()
    assert (away * np.diff(found[: middle + 1]) < 0).all()
    # A step of lightness of 2 is below what is just noticed, 2.3: neither sign looks larger than the other.
    assert np.abs(found - found[::-1]).max() < 2


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_signs_are_told_apart_by_every_eye(theme: Theme, eye: str) -> None:
    colors = seen(palettes.DIVERGING[theme], eye)
    for stop in range(len(colors) // 2):
        assert distance(colors[stop], colors[-1 - stop]) > FAR_APART


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_the_sides_of_a_difference_are_told_apart_by_every_eye(theme: Theme, eye: str) -> None:
    colors = seen((palettes.PAPER[theme], *palettes.SIDES[theme]), eye)
    for one, other in combinations(colors, 2):
        assert distance(one, other) > FAR_APART


def test_a_ramp_runs_from_its_first_stop_to_its_last() -> None:
    assert ramp(("#000000", "#ffffff"), 3).tolist() == [[0, 0, 0], [128, 128, 128], [255, 255, 255]]
    assert ramp(("#010203", "#ffffff", "#0a141e"), 3).tolist() == [[1, 2, 3], [255, 255, 255], [10, 20, 30]]
    assert ramp(("#010203", "#0a141e"), 1).tolist() == [[10, 20, 30]]
