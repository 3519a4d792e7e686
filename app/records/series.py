"""The measurements of a run as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET


@dataclass(frozen=True)
class Series:
    """Rows of one series of a run as equally long columns.

    Every series has the replicate and the coordinates that the kind of run declares (int64, float64 or str). The
    other columns hold the measured values (float64).
    """

    columns: Mapping[str, NDArray[Any]]
    coordinates: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns["replicate"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def where(self, rows: NDArray[np.bool_]) -> "Series":
        """Return the rows for which `rows` is true."""
        return Series({name: column[rows] for name, column in self.columns.items()}, self.coordinates)

    @property
    def controls(self) -> NDArray[np.str_]:
        """Return the control of each row: the winning ticket where the kind of run trains no controls."""
        return self.columns.get("control", np.full(len(self), WINNING_TICKET))

    @property
    def draws(self) -> NDArray[np.int64]:
        """Return the draw of each row: 0 where the kind of run draws no controls."""
        return self.columns.get("draw", np.zeros(len(self), np.int64))

    @property
    def tickets(self) -> "Series":
        """Return the rows of winning tickets."""
        return self.where(self.controls == WINNING_TICKET)
