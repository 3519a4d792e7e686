"""What a description file of a method holds; where its code is follows from the group and the name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.contract.entry import Entry
from app.contract.look import Look

CODE: Final[Mapping[str, str]] = {
    "dataset": "workers.science.data.{}:load",
    "model": "workers.science.models.{}:build",
    "optimizer": "workers.science.optim.{}:build",
    "schedule": "workers.science.schedules.{}:factor",
    "pruning": "workers.science.pruning.{}:prune",
    "control": "workers.science.controls.{}:derive",
    "picture": "app.pictures.{}:draw",
}
"""The groups, in the order in which the catalog lists them, and the function that each method of a group has."""
DRAWN: Final = frozenset({"optimizer", "control"})
"""Groups whose methods have curves of their own."""


@dataclass(frozen=True, kw_only=True)
class Method(Entry):
    """A method: what it takes and how it is presented.

    `params` is a class of the description file, and its `kind` the name of that file. Forms list methods by `order`,
    then by name. `look` is how figures draw a method of a group that is drawn.

    Raises ValueError when `kind` is another name, and when a method that is drawn has no look.
    """

    target: str = field(init=False)
    order: int = 1_000
    look: Look | None = None

    def __post_init__(self) -> None:
        _, _, group, name = self.params.__module__.split(".")
        if self.name != name:
            raise ValueError(f"app/methods/{group}/{name}.py describes {self.name!r}: kind and file name must be equal")
        if group in DRAWN and self.look is None:
            raise ValueError(f"app/methods/{group}/{name}.py has no look, and figures draw it")
        object.__setattr__(self, "target", CODE[group].format(name))
