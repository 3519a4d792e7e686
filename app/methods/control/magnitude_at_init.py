"""Magnitude at init: what the control is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import RED
from app.contract.params import ControlParams
from app.methods.method import Method


class MagnitudeAtInit(ControlParams):
    rewound: ClassVar[bool] = True
    kind: Literal["magnitude_at_init"]


METHOD = Method(
    params=MagnitudeAtInit,
    title="Magnitude at init",
    summary="As many weights as the ticket has, those of largest initial magnitude, without training.",
    source="Frankle et al. 2021, arXiv 2009.08576",
    order=40,
    look=Look(
        RED,
        dash="12px,4px",
        symbol="triangle-down",
        label="magnitude at init",
        phrase="pruning by initial magnitude",
    ),
)
