"""Something that has just been done, said above a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something that has just been done; `restore` is the run that can be brought back."""

    text: str
    restore: str = ""
