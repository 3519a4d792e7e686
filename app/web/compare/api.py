"""Several runs side by side, over the API."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel

from app.kinds.registry import COMPARED, OF_ANY_RUNS
from app.records import Run
from app.store.errors import NotFound
from app.web.board.columns import checked
from app.web.board.listed import FieldValue, fields_of
from app.web.compare.answers import Form, answer, options_of
from app.web.compare.changed import changed
from app.web.compare.notes import notes
from app.web.compare.selection import Selection, select, values_of
from app.web.core.columns import CSV, Bom, Format, attachment, csv_bytes, csv_response, wants_csv
from app.web.core.context import Sources, SourcesDep, StoreDep
from app.web.core.figure_schema import FigureDocument, FigureTable
from app.web.core.figures import Answer
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

FigureName = Annotated[str, Path(json_schema_extra={"enum": list(COMPARED)})]
_TEXT = {"type": "string"}
Columns = Annotated[
    str, Query(max_length=2_000, description="Fields to show, separated by commas; none for those that differ.")
]


class ComparedRun(BaseModel):
    """A run, the line that it belongs to, and its values of the columns: those requested, else the fields that differ.

    A column that the run has no value of is left out.
    """

    run: Run
    group: str
    fields: dict[str, FieldValue]


class Comparison(BaseModel):
    """Runs in the order of the request, the figures of their kinds, and what a reader should know.

    `columns` are the fields and measures of these runs that the figures of any runs can show.
    """

    items: list[ComparedRun]
    figures: list[str]
    columns: list[str]
    notes: list[str]
    next: None = None


@router.get(
    "",
    response_model=Comparison,
    responses={
        **responses(404),
        200: {"description": "Runs with their fields, or the same as CSV.", "content": {CSV: {"schema": _TEXT}}},
    },
)
def compare(
    request: Request,
    store: StoreDep,
    runs: Ids = "",
    q: Search = "",
    group: GroupBy = "",
    columns: Columns = "",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Any:
    """Return the fields that differ among several runs, or the requested columns, and which figures compare them."""
    with store.snapshot() as now:
        chosen = select(now, runs, q, group, checked(columns))
    if wants_csv(request.headers.get("accept", ""), form):
        return csv_response(fields_table(chosen), "compare.csv", bom=bom)
    return Comparison(
        items=[
            ComparedRun(run=run, group=name, fields=dict(fields_of(chosen.columns, chosen.facts[run.id])))
            for run, name in zip(chosen.runs, chosen.groups, strict=True)
        ],
        figures=[entry.name for entry in chosen.figures],
        columns=[column.path for column in chosen.values],
        notes=notes(chosen),
    )


@router.get(
    "/figures/{name}",
    responses={
        **responses(404),
        304: {"description": "Not modified."},
        200: {
            "description": "Plotly figure, or its data as CSV.",
            "model": FigureDocument,
            "content": {CSV: {"schema": _TEXT}},
        },
    },
)
def compared_figure(
    request: Request,
    name: FigureName,
    sources: SourcesDep,
    runs: Ids = "",
    q: Search = "",
    group: GroupBy = "",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
    if_none_match: Annotated[str | None, Header()] = None,
    traces: Annotated[str | None, Header(alias="X-Traces", max_length=20_000)] = None,
) -> Response:
    """Return a figure of several runs. Its options are query parameters of their own; an unknown one is refused.

    With a header `X-Traces`, the tags of traces that are known from an answer before, those are not sent again.
    """
    csv = wants_csv(request.headers.get("accept", ""), form)
    figure = _answer(request, sources, name, Asked(runs, q, group), "csv" if csv else "json")
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


@router.get(
    "/figures/{name}/table",
    responses={**responses(404), 200: {"description": "Columns of equal length.", "model": FigureTable}},
)
def compared_table(
    request: Request, name: FigureName, sources: SourcesDep, runs: Ids = "", q: Search = "", group: GroupBy = ""
) -> Response:
    """Return what a figure of several runs is drawn from, as JSON; the figure itself gives the same as CSV."""
    table = _answer(request, sources, name, Asked(runs, q, group), "table")
    return Response(table.body, media_type="application/json", headers={"Cache-Control": "private, no-cache"})


class Asked(NamedTuple):
    """Which runs an address names, and how they are grouped."""

    runs: str
    q: str
    group: str


def _answer(request: Request, sources: Sources, name: str, asked: Asked, form: Form) -> Answer:
    """Return an answer. Raises NotFound for an unknown figure, Invalid for an option that it has not."""
    entry = COMPARED.get(name)
    if entry is None:
        raise NotFound(f"there is no comparison {name}; there is {', '.join(COMPARED)}")
    options = options_of(entry, {k: v for k, v in request.query_params.items() if k not in _OWN}, every=True)
    with sources.now() as readers:
        described = entry in OF_ANY_RUNS
        chosen = select(readers.store, *asked, asked=options.columns_asked, described=described)
        return answer(readers, chosen, entry, options, form)


def fields_table(chosen: Selection) -> dict[str, list[Any]]:
    """Return a row for each run: its id, name, kind, state and line, then the columns of the page's table."""
    of_runs = {run.id: values_of(chosen.facts[run.id]) for run in chosen.runs}
    own: dict[str, list[Any]] = {
        "run": [run.id for run in chosen.runs], "name": [run.name for run in chosen.runs],
        "kind": [run.kind for run in chosen.runs], "state": [run.state for run in chosen.runs],
        "group": list(chosen.groups),
    }  # fmt: skip
    return own | {column.path: [of_runs[run.id].get(column.path) for run in chosen.runs] for column in chosen.columns}
