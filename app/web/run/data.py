"""What a run measured: its log, its series, its figures."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import Field
from starlette.datastructures import QueryParams

from app.atlas.collapses import collapses
from app.contract.training_key import Value
from app.kinds.registry import FIGURES, SERIES
from app.plotting.comparison import comparison
from app.plotting.comparison import table as comparison_table
from app.plotting.intervals import BOUND, Kind, terms_of
from app.records import Run, Series
from app.store import Reads
from app.store.errors import NotFound
from app.web.core.accept import best
from app.web.core.columns import (
    CSV,
    JSON,
    Bom,
    Format,
    attachment,
    csv_bytes,
    csv_response,
    json_bytes,
    of_metric,
    of_series,
    wants_csv,
)
from app.web.core.context import BroadcasterDep, LogDep, SourcesDep, StoreDep
from app.web.core.parameters import Empty, RunId
from app.web.core.problems import BadField, Invalid, responses
from app.web.core.run_log import event_json
from app.web.core.streams import event_stream
from app.web.run.cards import file_name
from app.web.run.verdicts import advantage_sentences, verdict_sentence

router = APIRouter(tags=["data"])

# No series has more; a larger number is one that no database could compare.
MAX = 2**31 - 1
Index: TypeAlias = Annotated[int, Field(ge=0, le=MAX)]

_STREAM = "text/event-stream"
_COLUMNS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Columns of equal length.",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}},
    }
}


@router.get(
    "/runs/{run_id}/events",
    responses={
        **responses(404),
        200: {"description": "The log.", "content": {_STREAM: {}, "application/json": {"schema": {"type": "object"}}}},
    },
)
def get_events(
    request: Request,
    run_id: RunId,
    store: StoreDep,
    broadcaster: BroadcasterDep,
    log: LogDep,
    after: Annotated[int, Query(ge=0, le=MAX, description="Only events with a larger seq.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    last_event_id: Annotated[str | None, Header(description="A stream continues after this seq.")] = None,
) -> Response:
    """Return the log as a list (`next`: the `after` of the following page), or as a stream that follows the run."""
    store.run(run_id)
    if wants(request, _STREAM):
        # Ten digits hold any seq; Python refuses to read thousands of them.
        given = last_event_id or ""
        seen = int(given) if given.isdecimal() and len(given) <= 10 else 0
        return event_stream(log, broadcaster, run_id, min(max(after, seen), MAX))
    records = store.events(run_id, after, limit)
    more = records[-1].seq if len(records) == limit else None
    return _json({"items": [event_json(record) for record in records], "next": more})


def wants(request: Request, media_type: str) -> bool:
    """Return whether a client asks for `media_type` by name, rather than for JSON or for anything."""
    return best(request.headers.get("accept", ""), ("application/json", media_type)) == media_type


@router.get("/runs/{run_id}/series", responses={**responses(404, 422), **_COLUMNS})
def get_series(
    request: Request,
    run_id: RunId,
    store: StoreDep,
    name: Annotated[
        str,
        Query(
            max_length=80,
            description=f"One of {', '.join(SERIES)}: all its columns. Or one metric such as test_accuracy: columns "
            "step, value, replicate and the coordinates of its trainings.",
        ),
    ],
    replicate: Annotated[Index | None, Empty] = None,
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Response:
    """Return columns of a series or of one metric; NaN is null in JSON. `format` wins over `Accept`.

    Every coordinate that the kind of run declares is a query parameter too, and leaves the rows that have its value.
    These are `level`, `control` and `draw` of tickets, `width`, `image`, `optimizer` and `lr` of weight erasure.
    Another parameter is refused.
    """
    with store.snapshot() as now:
        where = _where(now.run(run_id), request.query_params)
        columns = _columns(now, run_id, name, {"replicate": replicate, **where})
    if wants_csv(request.headers.get("accept", ""), form):
        return csv_response(columns, f"{run_id}-{name}.csv", bom=bom)
    return _json({"name": name, "columns": columns})


def _where(run: Run, query: QueryParams) -> dict[str, Value]:
    """Return the coordinates that a question names.

    Raises Invalid for others, and for values that these cannot have.
    """
    where, bad = dict[str, Value](), list[BadField]()
    known = [coordinate.name for coordinate in run.spec.key.coordinates()]
    for name, text in query.items():
        if name in ("name", "replicate", "format", "bom") or (name in known and not text):
            continue
        try:
            where[name] = run.spec.key.value_of(name, text)
        except KeyError:
            message = f"is no coordinate of a run of kind {run.kind}; there is replicate, {', '.join(known)}"
            bad.append(BadField(path=name[:80], message=message))
        except ValueError as error:
            bad.append(BadField(path=name, message=str(error)))
    if bad:
        raise Invalid(bad)
    return where


def _columns(store: Reads, run_id: str, name: str, where: Mapping[str, Any]) -> dict[str, Any]:
    if name in SERIES:
        return of_series(store.series(run_id, name, **where))
    known: dict[str, None] = {}
    for series_name in SERIES:
        series: Series = store.series(run_id, series_name, **where)
        if name in series.columns:
            return of_metric(series, name)
        known |= dict.fromkeys(series.columns)
    raise NotFound(f"nothing named {name!r} is measured here; there is {', '.join(sorted(known))}")


@router.get(
    "/runs/{run_id}/spec",
    response_class=Response,
    responses={**responses(404), 200: {"description": "The spec.", "content": {JSON: {"schema": {"type": "object"}}}}},
)
def get_spec(run_id: RunId, store: StoreDep) -> Response:
    """Return the spec of a run as JSON with sorted keys; the entity tag is its SHA-256, by which figures cite it."""
    document = store.run(run_id).spec.model_dump(mode="json")
    body = orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    return Response(body, media_type=JSON, headers={"ETag": f'"{hashlib.sha256(body).hexdigest()}"'})


@router.get("/runs/{run_id}/comparison", responses={**responses(404), **_COLUMNS})
def get_comparison(
    request: Request,
    run_id: RunId,
    sources: SourcesDep,
    bound: Annotated[float, Query(ge=0, le=100, description="Loss in points that still matches dense.")] = 100 * BOUND,
    intervals: Annotated[Kind, Query(description="95 % for all levels together, or for each alone.")] = "simultaneous",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Response:
    """Return the verdict, where the ticket beats each control, and paired differences by level with intervals."""
    with sources.now() as readers:
        run = readers.store.run(run_id)
        table = comparison(readers.store.series(run_id, "outcome"), terms_of(run, bound / 100, intervals))
        collapsed = collapses(readers.reader, run)
    columns = comparison_table(table)
    if wants_csv(request.headers.get("accept", ""), form):
        return csv_response(columns, f"{run_id}-comparison.csv", bom=bom)
    against = {
        advantage.control: sentence
        for advantage, sentence in zip(table.advantages, advantage_sentences(table), strict=True)
    }
    verdict = verdict_sentence(run, table.verdict, collapsed)
    return _json({"verdict": verdict, "controls": against, "columns": columns})


@router.get(
    "/runs/{run_id}/figures/{name}",
    responses={
        **responses(404),
        304: {"description": "Not modified."},
        200: {"description": "Plotly figure, or its data as CSV.", "content": {"text/csv": {}, "application/json": {}}},
    },
)
def get_figure(
    request: Request,
    run_id: RunId,
    name: Annotated[str, Path(json_schema_extra={"enum": list(FIGURES)})],
    sources: SourcesDep,
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a figure of a run. Its options are query parameters of their own; an unknown one is refused."""
    options = {key: value for key, value in request.query_params.items() if key not in ("format", "bom")}
    csv = wants_csv(request.headers.get("accept", ""), form)
    with sources.now() as readers:
        answer = readers.figures.answer(run_id, name, options, "csv" if csv else "json")
    headers = {"ETag": answer.etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if if_none_match is not None and answer.etag in {tag.strip() for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    if csv:
        headers["Content-Disposition"] = attachment(f"{file_name(run_id, FIGURES[name], options)}.csv")
        return Response(csv_bytes(answer.body.decode(), bom=bom), media_type=CSV, headers=headers)
    return Response(answer.body, media_type="application/json", headers=headers)


def _json(document: dict[str, Any]) -> Response:
    return Response(json_bytes(document), media_type="application/json")
