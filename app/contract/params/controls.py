"""Knobs of the controls that are derived from a ticket."""

from typing import Literal

from pydantic import Field

from app.contract.params.base import Params, unit


class Branch(Params):
    """A control derived from a ticket; its draws are averaged within their replicate."""

    draws: int = Field(
        1, ge=1, le=10, description="Independent repetitions per replicate and level.", json_schema_extra=unit("draws")
    )


class Reinit(Branch):
    kind: Literal["reinit"]


class Shuffled(Branch):
    kind: Literal["shuffled"]


class RandomMask(Branch):
    kind: Literal["random"]


class MagnitudeAtInit(Params):
    kind: Literal["magnitude_at_init"]
