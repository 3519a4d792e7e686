"""The fields of a spec as facts: names with the numbers or words that a query can compare."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

TEXT_LENGTH = 200
"""Characters of a text that are kept: a longer one is no value that is compared."""
VALUES = 100
"""Values of a list that are kept."""


class Fact(NamedTuple):
    """A field of a run by its `path` such as "optimizer.lr", and one value: a number, or else text.

    A measure may be a mean over `n`; one that depends on the share of kept weights holds for low <= share < high.
    """

    path: str
    number: float | None = None
    text: str | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None

    @property
    def leaf(self) -> str:
        """Return the last part of the path, by which a query finds it as well: "lr"."""
        return leaf_of(self.path)


def leaf_of(path: str) -> str:
    """Return the last part of a path: "lr" of "optimizer.lr", "accuracy@0.5%" of "result.accuracy@0.5%"."""
    head, at, share = path.partition("@")
    return head.rpartition(".")[2] + at + share


def facts_of(spec: Mapping[str, Any]) -> list[Fact]:
    """Return the facts of a spec as JSON, each once.

    A component such as {"kind": "adam", "lr": 0.001} under "optimizer" gives optimizer = adam and optimizer.lr = 0.001.
    A list gives a fact per item, under its singular: "widths" as "width". Truth values are "true" and "false".
    """
    return list(dict.fromkeys(_of(spec, "")))


def singular(name: str) -> str:
    """Return the name of one item of a list: "branches" as "branch", "densities" as "density", "lrs" as "lr"."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("ches", "shes", "sses", "xes")):
        return name[:-2]
    return name.removesuffix("s")


def _of(value: Any, path: str) -> Iterator[Fact]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            yield from _of(item, path if name == "kind" and path else below)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        head, dot, last = path.rpartition(".")
        for item in value[:VALUES]:
            yield from _of(item, f"{head}{dot}{singular(last)}")
    elif isinstance(value, bool):
        yield Fact(path, text=str(value).lower())
    elif isinstance(value, int | float):
        yield Fact(path, number=float(value))
    elif isinstance(value, str) and len(value) <= TEXT_LENGTH:
        yield Fact(path, text=value.casefold())
