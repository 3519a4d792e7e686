"""What was recognised in the files of an import: a line for each tensor, and the questions that are open."""

from typing import Literal, NamedTuple, TypeAlias

from app.imports.names import Role

Choice: TypeAlias = Literal["mask", "inverted mask", "weights", "initial weights", "left out"]
"""What a reader may declare a tensor to be."""

OneMeans: TypeAlias = Literal["", "kept", "pruned"]


class Choices(NamedTuple):
    """What a reader has decided: roles of tensors by name, and what 1 means in masks ("" where not decided)."""

    roles: dict[str, Choice]
    one_means: OneMeans = ""


UNDECIDED = Choices({})


class Line(NamedTuple):
    """A tensor: its role, the layer that it belongs to ("" if none), whether it is read, and why (not).

    `total` is how many weights it decides about, None where it decides nothing.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    role: Role
    layer: str
    taken: bool
    why: str
    total: int | None = None
