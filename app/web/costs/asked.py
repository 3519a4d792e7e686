"""Which costs are asked for, and in which order."""

from typing import Annotated, TypeAlias

from fastapi import Query, Request

from app.contract.experiment import FieldError
from app.records.costs import CostGroup, Costs, CostSort
from app.store import Reads
from app.web.core.who import about

GroupQuery: TypeAlias = Annotated[CostGroup, Query(description="What costs are summed up by.")]
SortQuery: TypeAlias = Annotated[CostSort, Query(description="What the most expensive groups have most of.")]
SHOWN = 50
MOST = 10_000
"""Rows of a file."""


def groups(request: Request) -> tuple[CostGroup, ...]:
    """Return the groups that costs can be summed up by: without accounts runs are of nobody."""
    every: tuple[CostGroup, ...] = ("person", "project", "month", "run")
    return every if about(request)["with_accounts"] else every[1:]


def costs(request: Request, store: Reads, group: CostGroup, sort: CostSort, limit: int) -> Costs:
    """Return costs by group. Raises FieldError for people where there are no accounts."""
    if group not in groups(request):
        raise FieldError("group", "must be project, month or run, as there are no accounts here")
    return store.costs_by(group, sort, limit)
