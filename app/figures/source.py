"""What a figure is made from: one run's records, already read, and the reader's options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from app.contract.records import Run, Series
from app.figures.collapse import Collapses
from app.masks.overlap import Overlaps


class Options(BaseModel):
    """Base of every figure's query options: frozen, and an unknown one is an error.

    A field's schema may say under "none" what its absence is called.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


O = TypeVar("O", bound=Options)  # noqa: E741 (read as Options)
Tensors: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Source(Generic[O]):
    """Series by name; artifacts of the winning ticket by (name, replicate, level). What is missing is still awaited.

    `overlaps` is there for figures whose options say which tickets to compare; `collapses` are those of the run's
    winning tickets, or of the ticket that the run times; `unjudged` where that ticket's run is gone.
    """

    run: Run
    options: O
    series: Mapping[str, Series] = field(default_factory=dict)
    artifacts: Mapping[tuple[str, int, int], Tensors] = field(default_factory=dict)
    overlaps: Overlaps | None = None
    collapses: Collapses = field(default_factory=dict)
    unjudged: bool = False

    def rows(self, name: str) -> Series | None:
        """A series, or None while it has no row."""
        series = self.series.get(name)
        return series if series is not None and len(series) else None

    def tensors(self, name: str, level: int) -> list[Tensors]:
        """The artifacts of that name and level, one per replicate that has saved it, in order."""
        found = sorted(place for place in self.artifacts if place[0] == name and place[2] == level)
        return [self.artifacts[place] for place in found]

    @property
    def live(self) -> bool:
        """Whether more may still come."""
        return self.run.state in ("queued", "running", "cancelling")

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the prunable layers in order, as the first worker reported them."""
        return tuple(str(layer["name"]) for layer in self.run.provenance.get("layers", ()))
