"""Letter or text: what the picture is and takes."""

from typing import Literal

from pydantic import Field

from app.contract.params import Params
from app.methods.method import Method


class PictureText(Params):
    kind: Literal["text"]
    text: str = Field(
        "a", min_length=1, max_length=16, description="The text; one letter fills the picture.", pattern=r"\S"
    )


METHOD = Method(
    params=PictureText,
    title="Letter or text",
    summary="Black text on white.",
    source="Inter, SIL Open Font License",
    order=10,
)
