"""Several runs side by side, over the API."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel

from app.kinds.registry import COMPARED, OF_ANY_RUNS
from app.records import Run
from app.store.errors import NotFound
from app.web.compare.answers import answer, options_of
from app.web.compare.changed import changed
from app.web.compare.selection import Selection, select
from app.web.core.columns import CSV, Bom, Format, attachment, csv_bytes, wants_csv
from app.web.core.context import SourcesDep, StoreDep
from app.web.core.parameters import Empty
from app.web.core.problems import responses

router = APIRouter(prefix="/compare", tags=["compare"])
_OWN = ("runs", "q", "group", "format", "bom")
"""Parameters that every figure has."""

Ids = Annotated[str, Query(max_length=2_000, description="Ids of runs, separated by commas.")]
Search = Annotated[
    str, Query(max_length=2_000, description="A query, whose newest runs are taken where none is named.")
]
GroupBy = Annotated[
    str, Query(max_length=100, description="A field of the specs; runs with the same value are one line.")
]

Columns = Annotated[
    str, Query(max_length=2_000, description="Fields to show, separated by commas; none for those that differ.")
]


class ComparedRun(BaseModel):
    """A run, the group that it belongs to, and its values of the fields that differ."""

    run: Run
    group: str
    fields: dict[str, str]


class Comparison(BaseModel):
    """Runs in the order in which they were asked for, and the figures of their kinds."""

    items: list[ComparedRun]
    figures: list[str]
    next: None = None


@router.get("", responses=responses(404))
def compare(store: StoreDep, runs: Ids = "", q: Search = "", group: GroupBy = "", columns: Columns = "") -> Comparison:
    """The fields that differ among several runs, and which figures compare them."""
    with store.snapshot() as now:
        chosen = select(now, runs, q, group, columns)
    return Comparison(items=_items(chosen), figures=[entry.name for entry in chosen.figures])


@router.get(
    "/figures/{name}",
    responses={
        **responses(404),
        304: {"description": "Not modified."},
        200: {"description": "Plotly figure, or its data as CSV.", "content": {"text/csv": {}, "application/json": {}}},
    },
)
def compared_figure(
    request: Request,
    name: Annotated[str, Path(json_schema_extra={"enum": list(COMPARED)})],
    sources: SourcesDep,
    runs: Ids = "",
    q: Search = "",
    group: GroupBy = "",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
    if_none_match: Annotated[str | None, Header()] = None,
    traces: Annotated[str | None, Header(alias="X-Traces", max_length=20_000)] = None,
) -> Response:
    """A figure of several runs. Its options are query parameters of their own; an unknown one is refused.

    With a header `X-Traces`, the tags of traces that are known from an answer before, those are not sent again.
    """
    entry = COMPARED.get(name)
    if entry is None:
        raise NotFound(f"there is no comparison {name}; there is {', '.join(COMPARED)}")
    options = options_of(entry, {k: v for k, v in request.query_params.items() if k not in _OWN}, every=True)
    csv = wants_csv(request.headers.get("accept", ""), form)
    with sources.now() as readers:
        described = entry in OF_ANY_RUNS
        chosen = select(readers.store, runs, q, group, asked=options.columns_asked, described=described)
        figure = answer(readers, chosen, entry, options, "csv" if csv else "json")
    headers = {"ETag": figure.etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if if_none_match is not None and figure.etag in {tag.strip() for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    if csv:
        headers["Content-Disposition"] = attachment(f"compare-{name}.csv")
        return Response(csv_bytes(figure.body.decode(), bom=bom), media_type=CSV, headers=headers)
    if traces is not None:
        # What is sent depends on what was sent before: nothing in between can keep it.
        headers["Cache-Control"] = "no-store"
        return Response(changed(figure.body, traces.split()), media_type="application/json", headers=headers)
    return Response(figure.body, media_type="application/json", headers=headers)


def _items(chosen: Selection) -> list[ComparedRun]:
    titles = [column.path for column in chosen.columns]
    return [
        ComparedRun(run=run, group=group, fields=dict(zip(titles, chosen.cells[run.id], strict=True)))
        for run, group in zip(chosen.runs, chosen.groups, strict=True)
    ]
