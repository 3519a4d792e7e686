"""Cosine: what the learning-rate schedule is and takes."""

from typing import Literal

from pydantic import Field

from app.contract.params import Params
from app.methods.method import Method


class Cosine(Params):
    kind: Literal["cosine"]
    final: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Final fraction",
        description="Learning rate at the last step, as a fraction of the first.",
    )


METHOD = Method(
    params=Cosine,
    title="Cosine",
    summary="Half a cosine, down to a final fraction.",
    source="Loshchilov & Hutter 2017, arXiv 1608.03983",
    order=30,
)
