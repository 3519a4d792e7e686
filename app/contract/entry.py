"""One entry of the catalog: a method, or a kind of experiment."""

from dataclasses import dataclass

from app.contract.measures import Measure
from app.contract.params import Params


@dataclass(frozen=True)
class Entry:
    """What can be chosen.

    `target` is `module:function`, a string, so that the web knows it without importing torch. The keyword-only
    parameters of the function equal the fields of `params` (but `kind`), defaults included. `source` names paper and
    section, or where the definition is. `measures` are the numbers and words that a run of a kind is judged by.
    """

    target: str
    params: type[Params]
    title: str
    summary: str
    source: str
    measures: tuple[Measure, ...] = ()

    @property
    def name(self) -> str:
        """Return the registry key: the one value that `params.kind` accepts."""
        name: str = self.params.model_fields["kind"].annotation.__args__[0]  # type: ignore[union-attr]
        return name
