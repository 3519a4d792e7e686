"""Knobs of the pictures of the erasure experiment."""

from typing import Literal

from pydantic import Field

from app.contract.params.base import Params


class PictureText(Params):
    kind: Literal["text"]
    text: str = Field(
        "a", min_length=1, max_length=16, description="The text; one letter fills the picture.", pattern=r"\S"
    )


class PictureSample(Params):
    kind: Literal["sample"]
    name: Literal["cat", "astronaut", "coffee", "flower"] = Field("cat", title="Photograph", description="One of four.")


class PictureUpload(Params):
    kind: Literal["upload"]
    png: str = Field(
        "",
        max_length=200_000,
        title="PNG",
        description="A grey PNG of at most 256×256 in base64; the page converts any picture that you drop or draw.",
    )
