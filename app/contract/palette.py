"""The palette: every colour that has a name. Style sheet and scripts of the pages are generated from it.

A method may have a colour of its own, in its description; one that others share is here. Matrices have ramps of their
own in `app/atlas/palettes.py`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Color(NamedTuple):
    """A colour as `#rrggbb` of lines and marks, and of text where that differs, on the light and on the dark page.

    Lines need a contrast of 3:1 to paper, card and wash, text of 4.5:1 (WCAG 2.2, 1.4.11 and 1.4.3).
    """

    light: str
    dark: str
    text_light: str = ""
    text_dark: str = ""

    @property
    def text(self) -> "Color":
        """Return the colour of text."""
        return Color(self.text_light or self.light, self.text_dark or self.dark)


INK: Final = Color("#1c1b22", "#ebe8e1")
SOFT: Final = Color("#5f5d66", "#a9a6ae")
LINE: Final = Color("#e6e3dc", "#2b2b33")
WASH: Final = Color("#f2f0ea", "#212128")
TICKET: Final = Color("#be7b00", "#f0ad2e", "#8f5c00", "#f0ad2e")
HEAT: Final = "#e9c176"
"""Between wash and ticket in a colour scale of the light page; the browser mixes its own."""

PAGE: Final[Mapping[str, Color]] = {
    "paper": Color("#faf9f6", "#131317"),
    "card": Color("#ffffff", "#1a1a20"),
    "ink": INK,
    "ink-hover": Color("#38363f", "#ffffff"),
    "soft": SOFT,
    "faint": Color("#6d6b74", "#8e8b95"),
    "line": LINE,
    "edge": Color("#89868e", "#6f6c77"),
    "wash": WASH,
    "sheet": Color("#ffffff", "#dedbd4"),
    "sheet-soft": Color("#5f5d66", "#5f5d66"),
    "ticket": TICKET,
    "ok": Color("#2e8b57", "#58b985", "#22734a", "#58b985"),
    "bad": Color("#c0392b", "#e66a5c", "#b03226", "#ee8175"),
}
"""Colours of the page; the sheet to draw on stays light on the dark page."""

# Families that every common eye distinguishes: blue goes along the gradient, amber scales each entry, violet makes all
# singular values equal, red uses curvature, ink wraps another. Within a family dash and marker differ.
BLUE: Final = Color("#3578bd", "#5b9be0", "#2a66a8", "#6ea8e6")
AMBER: Final = Color("#b87700", "#f0ad2e", "#8f5c00", "#f0ad2e")
VIOLET: Final = Color("#48187f", "#ddc8ff")
RED: Final = Color("#9c2f5c", "#e48bac")
# Controls with a mask drawn at random.
LILAC: Final = Color("#8d6fb0", "#b79bdb", "#7652a3", "#b79bdb")
