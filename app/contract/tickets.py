"""What tickets of every kind are named by: their level, and an address in links.

An address is `run:replicate:level`, followed by `:control:draw` for a control.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.training_key import TrainingKey

MAX_LAYER_NAME: Final = 350
"""Characters of a layer's name, in imported files and in links."""

_ADDRESS = re.compile(r"([0-9a-z]{1,20}):(\d{1,6}):(\d{1,6})(?::([a-z_]{1,40}):(\d{1,6}))?")


class TicketKey(TrainingKey):
    """Coordinates of a mask that no control is derived from."""

    level: int = Field(0, ge=0, title="Level")

    @property
    def is_winning(self) -> bool:
        """Return whether it is the ticket itself, not a control."""
        return True


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
    control: str = WINNING_TICKET
    draw: int = 0

    def __str__(self) -> str:
        address = f"{self.run}:{self.replicate}:{self.level}"
        return address if self.is_winning and not self.draw else f"{address}:{self.control}:{self.draw}"

    @property
    def is_winning(self) -> bool:
        """Return whether it is the ticket itself, not a control."""
        return self.control == WINNING_TICKET

    @property
    def coordinates(self) -> tuple[int, str, int]:
        """Return level, control and draw, which name the same training of any replicate."""
        return self.level, self.control, self.draw

    @classmethod
    def of(cls, run: str, replicate: int, key: Mapping[str, Any]) -> "TicketRef":
        """Return the ticket at these coordinates; a kind without controls declares the level alone."""
        return cls(run, replicate, key["level"], key.get("control", WINNING_TICKET), key.get("draw", 0))

    @classmethod
    def parse(cls, text: str) -> "TicketRef":
        """Return the ticket of an address. Raises `ValueError`."""
        hit = _ADDRESS.fullmatch(text)
        if hit is None:
            raise ValueError(f"{text[:80]!r} is not the address of a ticket such as 06f3k2m9qa:0:5")
        run, replicate, level, control, draw = hit.groups()
        return cls(run, int(replicate), int(level), control or WINNING_TICKET, int(draw or 0))
