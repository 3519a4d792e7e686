"""The page *Costs*: core hours, GPU hours and disk, by person, project, month or run."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.records.costs import Cost, CostGroup, CostRow
from app.web.core.context import StoreDep
from app.web.core.page import page, shell
from app.web.core.words import size
from app.web.costs.asked import SHOWN, GroupQuery, SortQuery, costs, groups

router = APIRouter(include_in_schema=False)
NONE: dict[CostGroup, str] = {"person": "nobody", "project": "no project"}


@router.get("/costs")
def costs_page(request: Request, store: StoreDep, group: GroupQuery = "run", sort: SortQuery = "hours") -> HTMLResponse:
    """Return what runs have cost, by group."""
    with store.snapshot() as now:
        summed, edge = costs(request, now, group, sort, SHOWN), shell(now)
    return page(
        request, "costs/costs.html", shell=edge, group=group, sort=sort, groups=groups(request), costs=summed,
        rows=[_row(group, row) for row in summed.rows], total=_cells(summed.total),
        rest=_cells(summed.rest) if summed.rest_groups else None, shared=size(summed.shared_bytes),
    )  # fmt: skip


def _row(group: CostGroup, row: CostRow) -> dict[str, Any]:
    return {**_cells(row), "name": row.name or NONE.get(group, ""), "to": _address(group, row), "row": row}


def _address(group: CostGroup, row: CostRow) -> str:
    """Return where the runs of a row are, if anywhere."""
    if group == "run":
        return f"/runs/{row.key}"
    if group == "month" or not row.key:
        return ""
    return "/?" + urlencode({"q": f'{"owner" if group == "person" else "project"}:"{row.name}"'})


def _cells(cost: Cost) -> dict[str, Any]:
    return {
        "runs": f"{cost.runs:,}", "core": _hours(cost.core_hours), "gpu": _hours(cost.gpu_hours),
        "unknown": _hours(cost.unknown_hours), "disk": size(cost.disk_bytes),
    }  # fmt: skip


def _hours(hours: float) -> str:
    """Return hours with what matters of their digits: 0, under 0.01, 0.25, 3.4, 1,234."""
    if hours == 0:
        return "0"
    if hours < 0.01:
        return "< 0.01"
    return f"{hours:,.2f}" if hours < 1 else f"{hours:,.1f}" if hours < 100 else f"{hours:,.0f}"
