"""Constant: what the learning-rate schedule is and takes."""

from typing import Literal

from app.contract.params import Params
from app.methods.method import Method


class Constant(Params):
    kind: Literal["constant"]


METHOD = Method(
    params=Constant,
    title="Constant",
    summary="The same rate at every step.",
    source="-",
    order=10,
)
