"""What a figure is drawn from: one run's records, already read, and the reader's options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from app.contract.experiment import RunSpec
from app.masks.overlap import Overlaps
from app.plotting.collapse import Collapses
from app.records import Run, Series


class Options(BaseModel):
    """Base of every figure's query options: frozen, and an unknown one is an error.

    A field's schema may give under "none" what its absence is called. With "of": "column" or "columns" it names fields
    and measures of runs, separated by commas.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def columns_asked(self) -> list[str]:
        """Return the fields and measures that these options name."""
        values = [
            str(getattr(self, name)).split(",")
            for name, field in type(self).model_fields.items()
            if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("of") in ("column", "columns")
        ]
        return [part.strip() for item in values for part in item if part.strip()]


S = TypeVar("S", bound=RunSpec)
O = TypeVar("O", bound=Options)  # noqa: E741 (read as Options)
Tensors: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Source(Generic[O]):
    """Series by name; artifacts of the winning ticket by (name, replicate, level). What is missing is still awaited.

    `overlaps` is there for figures whose options say which tickets to compare. `collapses` are those of the run's
    winning tickets, or of the ticket that the run times. `unjudged` where that ticket's run is gone.
    """

    run: Run
    options: O
    series: Mapping[str, Series] = field(default_factory=dict)
    artifacts: Mapping[tuple[str, int, int], Tensors] = field(default_factory=dict)
    overlaps: Overlaps | None = None
    collapses: Collapses = field(default_factory=dict)
    unjudged: bool = False

    def spec(self, of: type[S]) -> S:
        """Return the spec of the run, which a figure of one kind needs. Raises TypeError for another kind."""
        if not isinstance(self.run.spec, of):
            raise TypeError(f"run {self.run.id} is of kind {self.run.kind}")
        return self.run.spec

    def rows(self, name: str) -> Series | None:
        """Return a series, or None while it has no row."""
        series = self.series.get(name)
        return series if series is not None and len(series) else None

    def tensors(self, name: str, level: int) -> list[Tensors]:
        """Return the artifacts of that name and level, one per replicate that has saved it, in order."""
        places = sorted(place for place in self.artifacts if place[0] == name and place[2] == level)
        return [self.artifacts[place] for place in places]

    @property
    def live(self) -> bool:
        """Return whether more may still come."""
        return self.run.state in ("queued", "running", "cancelling")

    @property
    def layers(self) -> tuple[str, ...]:
        """Return names of the prunable layers in order, as the first worker reported them."""
        return tuple(str(layer["name"]) for layer in self.run.provenance.get("layers", ()))
