"""Random mask: what the control is and takes."""

from typing import Literal

from app.contract.look import Look
from app.contract.palette import LILAC
from app.contract.params import DrawnControl
from app.methods.method import Method


class RandomMask(DrawnControl):
    kind: Literal["random"]


METHOD = Method(
    params=RandomMask,
    title="Random mask",
    summary="A mask permuted within each layer and new initial weights.",
    source="Frankle & Carbin 2019, arXiv 1803.03635, section 2",
    order=30,
    look=Look(
        LILAC,
        dash="8px,3px,2px,3px",
        symbol="triangle-up",
        label="random mask",
        phrase="a random mask with new weights",
    ),
)
