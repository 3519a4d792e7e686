"""Numbers and words that a run is judged by, as a kind of run declares them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["", "seconds", "bytes"]


@dataclass(frozen=True)
class Measure:
    """A number of a run, in `unit`, or one of its `words`.

    With `by_density` it has a value at each share of kept weights, requested as `name@5%`. `over` is what the n of a
    mean counts.
    """

    name: str
    description: str
    group: Literal["result", "cost"] = "result"
    unit: Unit = ""
    words: tuple[str, ...] = ()
    by_density: bool = False
    over: Literal["", "replicates", "trainings"] = ""

    @property
    def path(self) -> str:
        """Return what its facts are called, such as "result.accuracy"; "result.accuracy@" before a share."""
        return f"{self.group}.{self.name}{'@' if self.by_density else ''}"
