"""Something that has just been done, shown above a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something that has just been done; `undo` is the address of a form that brings back what is gone."""

    text: str
    undo: str = ""
