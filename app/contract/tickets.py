"""The address of one ticket, as it stands in links: `run:replicate:level`, or with `:branch:draw` for a control."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.contract.events import WINNING_TICKET, Place

MAX_LAYER_NAME: Final = 350
"""Characters of a layer's name, in imported files and in links."""

_ADDRESS = re.compile(r"([0-9a-z]{1,20}):(\d{1,6}):(\d{1,6})(?::([a-z_]{1,40}):(\d{1,6}))?")


class Collapsed(NamedTuple):
    """Where a ticket is cut: names of `empty` layers, and the layer from which on nothing passes, "" if unknown.

    `since` is the first level at which it was.
    """

    empty: tuple[str, ...]
    cut: str
    since: int


@dataclass(frozen=True, order=True)
class TicketRef:
    """One mask of one run; `str` of it is its address."""

    run: str
    replicate: int
    level: int
    branch: str = WINNING_TICKET
    draw: int = 0

    def __str__(self) -> str:
        address = f"{self.run}:{self.replicate}:{self.level}"
        return address if self.branch == WINNING_TICKET and not self.draw else f"{address}:{self.branch}:{self.draw}"

    @property
    def place(self) -> Place:
        """Where it stands within its replicate."""
        return Place(level=self.level, branch=self.branch, draw=self.draw)

    @classmethod
    def parse(cls, text: str) -> "TicketRef":
        """The ticket of an address. Raises `ValueError`."""
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:80]!r} is not the address of a ticket such as 06f3k2m9qa:0:5")
        run, replicate, level, branch, draw = found.groups()
        return cls(run, int(replicate), int(level), branch or WINNING_TICKET, int(draw or 0))
