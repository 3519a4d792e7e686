"""Costs, over the API and as CSV."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.records.costs import Costs
from app.web.core.columns import CSV, Bom, Format, csv_response, wants_csv
from app.web.core.context import StoreDep
from app.web.core.parameters import Empty
from app.web.costs.asked import MOST, SHOWN, GroupQuery, SortQuery, costs

router = APIRouter(tags=["workers"])
_COLUMNS = ("key", "name", "owner", "runs", "core_hours", "gpu_hours", "unknown_hours", "disk_bytes")


@router.get(
    "/costs",
    response_model=Costs,
    responses={200: {"description": "Costs, or every group as CSV.", "content": {CSV: {}}}},
)
def get_costs(
    request: Request,
    store: StoreDep,
    group: GroupQuery = "run",
    sort: SortQuery = "hours",
    limit: Annotated[int, Query(ge=1, le=1000, description="Groups of JSON; the others are summed up.")] = SHOWN,
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Any:
    """Return hours on slots and bytes of artifacts by group, as CSV up to 10,000; months come the newest first."""
    if not wants_csv(request.headers.get("accept", ""), form):
        return costs(request, store, group, sort, limit)
    rows = costs(request, store, group, sort, MOST).rows
    names = [name for name in _COLUMNS if name != "owner" or group == "run"]
    return csv_response({name: [getattr(row, name) for row in rows] for name in names}, "costs.csv", bom=bom)
