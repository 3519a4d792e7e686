"""Typed text as a picture, in the typeface of the pages: every machine draws the same."""

import unicodedata
from math import ceil
from typing import Final, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.files import STATIC
from app.pictures.picture import SIDE, Picture

_FONTS: Final = STATIC / "vendor" / "inter"
# Inter comes in two files: what one of them lacks, the other may have.
_FILES: Final = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")
_SEMI_BOLD: Final = 600
_MARGIN: Final = 16
# Larger sizes of the typeface cost memory; only dots and dashes are so small that they are enlarged as pictures.
_LARGEST: Final = 1_024
# No typeface has a sign for this one: it draws its sign for all that are lacking.
_NO_CHARACTER: Final = "\uffff"

Font: TypeAlias = ImageFont.FreeTypeFont


def draw(*, text: str = "a") -> Picture:
    """Draw text in semibold Inter, as large as fits 256 × 256 pixels with a margin; two-level.

    Raises ValueError when the typeface lacks a character, or when nothing of the text can be seen.
    Source: Inter by Rasmus Andersson, SIL Open Font License 1.1.
    """
    text = unicodedata.normalize("NFC", text).strip()
    _check(text)
    room = SIDE - 2 * _MARGIN
    inked = _inked(text, min(_LARGEST, SIDE * room // max(_inked(text, SIDE).size)))
    if max(inked.size) != room:
        scale = room / max(inked.size)
        inked = inked.resize((max(1, round(inked.width * scale)), max(1, round(inked.height * scale))))
    sheet = Image.new("L", (SIDE, SIDE))
    sheet.paste(inked, ((SIDE - inked.width) // 2, (SIDE - inked.height) // 2))
    return Picture(np.asarray(sheet, np.float32) / np.float32(255), two_level=True)


def _fonts(size: int) -> list[Font]:
    # The basic layout is part of Pillow; the other one is there only where a library of the system is.
    fonts = [ImageFont.truetype(_FONTS / name, size, layout_engine=ImageFont.Layout.BASIC) for name in _FILES]
    for font in fonts:
        font.set_variation_by_axes([_SEMI_BOLD])
    return fonts


def _check(text: str) -> None:
    fonts = _fonts(SIDE)
    missing = [character for character in dict.fromkeys(text) if all(_lacks(font, character) for font in fonts)]
    if missing:
        characters = " ".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in missing)
        raise ValueError(
            f"needs characters that the typeface lacks: {characters}. It has Latin letters, digits and signs"
        )


def _lacks(font: Font, character: str) -> bool:
    one, other = font.getmask(character), font.getmask(_NO_CHARACTER)
    return one.size == other.size and bytes(one) == bytes(other)


def _inked(text: str, size: int) -> Image.Image:
    """Return the text at a size of the typeface, cut out along its ink. Raises ValueError when there is none."""
    fonts = _fonts(size)
    placed: list[tuple[str, Font, float]] = []
    at = 0.0
    for character in text:
        font = next(font for font in fonts if not _lacks(font, character))
        placed.append((character, font, at))
        at += font.getlength(character)
    # Accents reach above the line, and some letters begin before their place.
    sheet = Image.new("L", (ceil(at) + 2 * size, 3 * size))
    pen = ImageDraw.Draw(sheet)
    for character, font, start in placed:
        pen.text((size + round(start), 2 * size), character, fill=255, font=font, anchor="ls")
    box = sheet.getbbox()
    if box is None:
        raise ValueError("is blank: it contains only spaces or invisible characters")
    return sheet.crop(box)
