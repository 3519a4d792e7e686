"""Random reinit: what the control is and takes."""

from typing import Literal

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import DrawnControl
from app.methods.method import Method


class Reinit(DrawnControl):
    kind: Literal["reinit"]


METHOD = Method(
    params=Reinit,
    title="Random reinit",
    summary="The ticket's mask with new initial weights.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, section 2",
    order=10,
    look=Look(
        Color("#2f6fb4", "#6ea8e6", "#2a66a8", "#6ea8e6"),
        dash="7px,3px",
        symbol="square",
        label="random reinit",
        phrase="the same mask with new weights",
    ),
)
