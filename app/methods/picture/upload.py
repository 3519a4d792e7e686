"""Your own: what the picture is and takes."""

from typing import Literal

from pydantic import Field

from app.contract.params import Params
from app.methods.method import Method


class PictureUpload(Params):
    kind: Literal["upload"]
    png: str = Field(
        "",
        max_length=200_000,
        title="PNG",
        description="A grey PNG of at most 256×256 in base64; the page converts any picture that you drop or draw.",
    )


METHOD = Method(
    params=PictureUpload,
    title="Your own",
    summary="Drawn, uploaded or pasted; stored in the spec, so that copies of the run include it.",
    source="-",
    order=30,
)
