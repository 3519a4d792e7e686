"""How a method is drawn: colour, dash and marker of its curves, and its words."""

from typing import NamedTuple

from app.contract.palette import Color


class Look(NamedTuple):
    """`label` is for the curve, `phrase` for a sentence; `dash` and `symbol` distinguish curves without colour."""

    ink: Color
    dash: str
    symbol: str
    label: str
    phrase: str

    @property
    def color(self) -> str:
        """Return the colour of lines on the light page, for which the server draws."""
        return self.ink.light
