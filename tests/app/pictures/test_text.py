"""Text is drawn from the vendored typeface alone, fills its square, and never with a sign that stands for none."""

import numpy as np
import pytest
from PIL import ImageFont

from app.files import STATIC
from app.pictures import text
from app.pictures.picture import Ink, fit

FONT = STATIC / "vendor" / "inter" / "inter-latin-wght-normal.woff2"


def box(ink: Ink) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.5), np.flatnonzero(ink.max(axis=0) > 0.5)
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


@pytest.mark.parametrize("letter", ["a", "g", "W", "8", "&", ".", "—", "|", "Ł", "ß", "Mg", "winning", "a b"])
def test_it_fills_the_square_and_is_centred(letter: str) -> None:
    picture = text.draw(text=letter)
    top, left, bottom, right = box(picture.ink)
    assert picture.ink.shape == (256, 256)
    assert picture.two_level
    assert 218 <= max(bottom - top, right - left) <= 226
    assert abs(top - (256 - bottom)) <= 3
    assert abs(left - (256 - right)) <= 3


def test_the_shapes_are_those_of_the_letters() -> None:
    # What is enclosed by ink tells letters apart: an o has one hole, a B two, an l none.
    for letter, holes in (("o", 1), ("B", 2), ("l", 0), ("a", 1), ("8", 2)):
        assert enclosed(fit(text.draw(text=letter), 128, 128)) == holes, letter
    bar = text.draw(text="l").ink
    top, left, bottom, right = box(bar)
    assert bar[top:bottom, left:right].min() > 0.5
    assert np.array_equal(text.draw(text="é").ink, text.draw(text="e\u0301").ink)


def enclosed(ink: Ink) -> int:
    """Regions of blank that do not touch the edge, counted by filling."""
    blank = np.pad(ink < 0.5, 1, constant_values=True)
    found = 0
    while blank.any():
        stack = [tuple(int(i[0]) for i in np.nonzero(blank))]
        found += 1
        while stack:
            y, x = stack.pop()
            if 0 <= y < blank.shape[0] and 0 <= x < blank.shape[1] and blank[y, x]:
                blank[y, x] = False
                stack += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return found - 1


def test_it_is_semibold() -> None:
    shares = {}
    for weight in (500, 600, 700):
        font = ImageFont.truetype(FONT, 1000)
        font.set_variation_by_axes([weight])
        left, top, right, bottom = font.getmask("l").getbbox()
        shares[weight] = (right - left) / (bottom - top)
    top, left, bottom, right = box(text.draw(text="l").ink)
    drawn = (right - left) / (bottom - top)
    assert min(shares, key=lambda weight: abs(shares[weight] - drawn)) == 600


@pytest.mark.parametrize(
    ("written", "named"),
    [("日本", "日 本"), ("a😀", "😀"), ("א", "א"), ("a\nb", "U+000A"), ("\uffff", "U+FFFF"), ("π", "π")],
)
def test_an_unknown_character_is_named(written: str, named: str) -> None:
    with pytest.raises(ValueError, match=r"the typeface lacks: ") as refused:
        text.draw(text=written)
    assert f"lacks: {named}." in str(refused.value)


@pytest.mark.parametrize("nothing", ["\u00a0", "\u00a0 \u00a0", "\u2003"])
def test_blank_text_is_refused(nothing: str) -> None:
    with pytest.raises(ValueError, match="is blank"):
        text.draw(text=nothing)
