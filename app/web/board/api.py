"""Lists of runs over the API: searched, sorted, with chosen fields and measures, as JSON or CSV."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.records import Groups, State
from app.search.parse import LENGTH
from app.store.listing import PAGE
from app.web.board.columns import checked
from app.web.board.listed import ListedPage, page, table, table_of
from app.web.core.columns import CSV, Bom, Format, csv_response, wants_csv
from app.web.core.context import StoreDep
from app.web.core.parameters import Cursor, Empty, Short

router = APIRouter(tags=["runs"])

Search = Annotated[
    str,
    Query(
        max_length=LENGTH,
        description="A query: words of name, tags, kind, model or data set, or the beginning of an id; fields and "
        "measures compared with values, such as `optimizer:adam,muon lr>1e-3 accuracy@5%>0.9 created<7d`; `-` or NOT, "
        "OR, brackets.",
    ),
]
Sort = Annotated[
    str,
    Query(
        max_length=100,
        description="created_at, finished_at, name, kind, state, a field of a spec such as lr, or a measure such as "
        "accuracy@5%; - sorts downwards.",
    ),
]
ColumnNames = Annotated[
    str,
    Query(
        max_length=LENGTH,
        description="Fields of specs and measures, separated by commas, such as `lr,accuracy,accuracy@5%`: `fields` of "
        "each run has those that it has.",
    ),
]


Field = Annotated[
    str,
    Query(
        max_length=200,
        description="state, kind, model, dataset, name, again, a field of a spec such as optimizer, or a measure such "
        "as verdict.",
    ),
]


@router.get(
    "/runs/groups",
    response_model=Groups,
    responses={200: {"description": "Groups of runs, or the same as CSV.", "content": {CSV: {}}}},
)
def group_runs(
    request: Request,
    store: StoreDep,
    group: Field,
    q: Search = "",
    state: Annotated[State | None, Empty] = None,
    tag: Annotated[Short | None, Empty] = None,
    columns: Annotated[
        str, Query(max_length=LENGTH, description="Fields and measures that hold numbers, separated by commas.")
    ] = "",
    sort: Annotated[
        str, Query(max_length=200, description="value, n or one of the columns; - sorts downwards.")
    ] = "value",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Any:
    """Return at most 200 groups of runs that share a value: n, states, mean and standard deviation (n - 1)."""
    names = [name.strip() for name in columns.split(",") if name.strip()]
    groups = store.groups(group, q=q, state=state, tag=tag, columns=names, sort=sort)
    if not wants_csv(request.headers.get("accept", ""), form):
        return groups
    return csv_response(table_of(groups, names), "groups.csv", bom=bom)


@router.get(
    "/runs",
    response_model=ListedPage,
    responses={200: {"description": "Runs, or every run from here on as CSV.", "content": {CSV: {}}}},
)
def list_runs(
    request: Request,
    store: StoreDep,
    q: Search = "",
    kind: Annotated[Short | None, Empty] = None,
    state: Annotated[State | None, Empty] = None,
    tag: Annotated[Short | None, Empty] = None,
    sort: Sort = "-created_at",
    limit: Annotated[int, Query(ge=1, le=PAGE, description="Runs of a page of JSON.")] = 50,
    cursor: Annotated[Cursor | None, Empty, Query(description="`next` of the page before.")] = None,
    binned: Annotated[bool, Query(description="The runs in the bin instead.")] = False,
    columns: ColumnNames = "",
    form: Annotated[Format | None, Empty, Query(alias="format")] = None,
    bom: Bom = False,
) -> Any:
    """Return a page of runs, or as CSV up to 10,000; `next`, in CSV the header X-Next, is the cursor of the rest."""
    which: dict[str, Any] = {
        "q": q, "kind": kind, "state": state, "tag": tag, "sort": sort, "limit": limit, "cursor": cursor,
        "binned": binned,
    }  # fmt: skip
    with store.snapshot() as now:
        if not wants_csv(request.headers.get("accept", ""), form):
            return page(now, checked(columns), **which)
        rows, following = table(now, checked(columns), **which)
    answer: Response = csv_response(rows, "runs.csv", bom=bom)
    if following:
        answer.headers["X-Next"] = following
    return answer
