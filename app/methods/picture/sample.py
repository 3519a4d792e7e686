"""Photograph: what the picture is and takes."""

from typing import Literal

from pydantic import Field

from app.contract.params import Params
from app.methods.method import Method


class PictureSample(Params):
    kind: Literal["sample"]
    name: Literal["cat", "astronaut", "coffee", "flower"] = Field("cat", title="Photograph", description="One of four.")


METHOD = Method(
    params=PictureSample,
    title="Photograph",
    summary="One of four, in shades of grey.",
    source="scikit-image (cat, astronaut, coffee: CC0 or public domain); scikit-learn (flower: CC BY)",
    order=20,
)
