"""Reports over the API: listed, read, written, edited, deleted and restored."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from app.contract.strict import Strict
from app.records.discussion import Report, ReportPage
from app.store.errors import NotFound
from app.store.labels import NAME_LENGTH
from app.store.reporting import LENGTH
from app.web.core.context import StoreDep
from app.web.core.parameters import Cursor, Empty
from app.web.core.problems import responses

router = APIRouter(prefix="/reports", tags=["reports"])
_Name = Annotated[str, Field(max_length=NAME_LENGTH, description="One line.")]
_Text = Annotated[
    str, Field(max_length=LENGTH, description="Markdown; a line that is the address of a figure shows it there.")
]


class NewReport(Strict):
    """A report to store."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    text: _Text = ""


class ReportChange(Strict):
    """What of a report is written anew; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: _Name | None = None
    text: _Text | None = None
    version: Annotated[str, Field(max_length=32, description="`version` of the report that you have read.")]


@router.get("")
def list_reports(
    store: StoreDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[Cursor | None, Empty, Query(description="`next` of the page before.")] = None,
) -> ReportPage:
    """Return a page of reports without their texts, those that were begun last first."""
    return store.report_page(limit, cursor)


@router.post("", status_code=201)
def write_report(body: NewReport, response: Response, store: StoreDep) -> Report:
    """Store a report of yours."""
    report = store.add_report(body.name, body.text)
    response.headers["Location"] = f"/api/v1/reports/{report.id}"
    return report


@router.get("/{report_id}", responses=responses(404))
def get_report(report_id: str, store: StoreDep) -> Report:
    """Return a report as it was written."""
    report = store.report(report_id)
    if report.deleted:
        raise NotFound(f"the report {report.id} was deleted")
    return report


@router.patch("/{report_id}", responses=responses(404, 409))
def change_report(report_id: str, body: ReportChange, store: StoreDep) -> Report:
    """Write a report of yours anew, unless somebody has changed it since you read it."""
    return store.edit_report(report_id, body.name, body.text, version=body.version)


@router.delete("/{report_id}", responses=responses(404))
def delete_report(report_id: str, store: StoreDep) -> Report:
    """Delete a report of yours; it can be restored."""
    return store.discard_report(report_id)


@router.post("/{report_id}/restore", responses=responses(404))
def restore_report(report_id: str, store: StoreDep) -> Report:
    """Put a deleted report back."""
    return store.restore_report(report_id)
