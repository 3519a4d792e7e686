"""What a figure and its table are as JSON: the parts that every one has, for the description of the API."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class FigurePart(BaseModel):
    """A piece of a finding; `role` is the line whose colour it takes, if any."""

    text: str
    role: str | None = None


class FigureMeta(BaseModel):
    """The words of a figure: `finding` is its sentence, `foot` has n and what its band is, `n` counts replicates."""

    model_config = ConfigDict(extra="allow")

    title: str
    finding: list[FigurePart]
    foot: str
    n: int
    blank: bool = Field(False, description="Whether there is nothing to draw.")
    size: str = ""


class FigureLayout(BaseModel):
    """A Plotly layout, with the words of the figure under `meta`."""

    model_config = ConfigDict(extra="allow")

    meta: FigureMeta
    xaxis: dict[str, Any]
    yaxis: dict[str, Any]


class FigureTrace(BaseModel):
    """A Plotly trace; arrays of numbers may be packed as `{"dtype", "bdata"}`, as Plotly reads them.

    With `X-Traces`, one that is known is `{"same": tag}`.
    """

    model_config = ConfigDict(extra="allow")

    type: str | None = None
    name: str | None = None
    x: list[JsonValue] | dict[str, str] | None = None
    y: list[JsonValue] | dict[str, str] | None = None
    same: str | None = None


class FigureDocument(BaseModel):
    """A figure as Plotly draws it; `tags` name its traces, where `X-Traces` was sent."""

    data: list[FigureTrace]
    layout: FigureLayout
    tags: list[str] | None = None


class FigureTable(BaseModel):
    """What a figure is drawn from, as columns of equal length; null is a missing value."""

    name: str
    columns: dict[str, list[float | str | bool | None]]
