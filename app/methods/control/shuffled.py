"""Shuffled mask: what the control is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import LILAC
from app.contract.params import DrawnControl
from app.methods.method import Method


class Shuffled(DrawnControl):
    rewound: ClassVar[bool] = True
    kind: Literal["shuffled"]


METHOD = Method(
    params=Shuffled,
    title="Shuffled mask",
    summary="The ticket's weights under its mask permuted within each layer.",
    source="Frankle et al. 2021, arXiv 2009.08576",
    order=20,
    look=Look(
        LILAC,
        dash="2px,2.5px",
        symbol="diamond",
        label="shuffled mask",
        phrase="a shuffled mask",
    ),
)
