"""What can be read of costs."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from app.records.costs import CostGroup, Costs, CostSort
from app.store import costs


class CostReads(ABC):
    """Costs, as they are now or as they were at one moment."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]:
        """Return a transaction that only reads."""

    def costs_by(self, group: CostGroup, sort: CostSort = "hours", limit: int = 50) -> Costs:
        """Return what runs have cost, by group, the most expensive first; months the newest first."""
        with self._read() as conn:
            return costs.by(conn, group, sort, limit)
