"""What the knobs of all components share: the base class, what a field may declare, and common numbers.

A field's `unit` goes into the JSON schema (`json_schema_extra`), from where forms, docs and the API read it.
Every class names itself in a required `kind`, so that no two components can be confused by their defaults.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import ConfigDict, Field

from app.contract.strict import Strict


def unit(name: str) -> dict[str, Any]:
    """Return the JSON-schema key for what a number counts."""
    return {"unit": name}


RARE: dict[str, Any] = {"rare": True}
"""JSON-schema key of a field that few set: forms fold it away."""


def when(**values: Sequence[str]) -> dict[str, Any]:
    """Return the JSON-schema key of a field that applies only while other fields of the spec have these values."""
    return {"when": {path: list(allowed) for path, allowed in values.items()}}


class Params(Strict):
    """Base of all component parameters: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str


Lr: TypeAlias = Annotated[
    float,
    Field(
        gt=0,
        le=100,
        title="Learning rate",
        description="Learning rate before the schedule.",
        json_schema_extra=unit("per step"),
    ),
]
WeightDecay: TypeAlias = Annotated[
    float,
    Field(ge=0, le=1, description="Weight decay; masked weights stay exactly 0.", json_schema_extra=RARE),
]
Beta: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Betas: TypeAlias = Annotated[
    tuple[Beta, Beta],
    Field(
        description="Decay rates of the running means of the gradient and of its square, two numbers.",
        json_schema_extra=RARE,
    ),
]
Momentum: TypeAlias = Annotated[
    float, Field(ge=0, lt=1, description="Fraction of the last update that is added to the next.")
]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
