"""Masks that came from elsewhere, as a run."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.contract.experiment import FieldError
from app.contract.params import Params, unit


class ImportedSpec(Params):
    """Masks that somebody brought along: file i is level i of the one replicate. Nothing is trained."""

    kind: Literal["imported"]
    files: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = Field(
        min_length=1, max_length=61, description="Names of the files, level by level."
    )
    layers: int = Field(ge=1, le=400, description="Prunable layers of the network.", json_schema_extra=unit("layers"))
    levels: int = Field(ge=0, le=60, description="Files after the first.", json_schema_extra=unit("rounds"))
    replicates: Literal[1] = Field(1, description="A sequence of files is one replicate.")

    @property
    def dataset_name(self) -> str:
        """Data are not part of an import; its files stand in their place."""
        return _number(len(self.files), "file")

    @property
    def model_name(self) -> str:
        """The network as far as it is known."""
        return _number(self.layers, "layer")

    @property
    def work(self) -> tuple[int, str]:
        """How much the run is, and of what: masks."""
        return len(self.files), "mask"

    @model_validator(mode="after")
    def _consistent(self) -> "ImportedSpec":
        if self.levels != len(self.files) - 1:
            raise FieldError("levels", f"must be {len(self.files) - 1}: every file is a level")
        return self


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
