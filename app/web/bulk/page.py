"""One action on many runs in the browser: what it will do, then what it has done, with a way back."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse

from app.archives.write import check
from app.contract.experiment import FieldError
from app.contract.words import plural
from app.store import Store
from app.store.bulk import MOST, Action, Tags
from app.web.bulk import words
from app.web.bulk.act import act
from app.web.core.context import QueueDep, StoreDep
from app.web.core.page import page, shell
from app.web.core.words import size

router = APIRouter(include_in_schema=False)

EXPORT = "export"
_NAMED = 6
"""Runs that a preview names."""
_SEEN: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])
_TAGS_OF: TypeAdapter[dict[str, list[str]]] = TypeAdapter(dict[str, list[str]])
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


async def _fields(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form, with all values of each."""
    fields: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return fields


Fields = Annotated[dict[str, list[str]], Depends(_fields)]


@router.post("/bulk")
def preview(request: Request, store: StoreDep, queue: QueueDep, fields: Fields) -> HTMLResponse:
    """Return what an action would do with the ticked runs, or with all that a query finds."""
    if _last(fields, "action") == EXPORT:
        return _export(request, store, fields)
    action, query, binned = _action(fields), _last(fields, "all_q"), bool(_last(fields, "binned"))
    tags = _tags(fields)
    about: dict[str, Any] = {
        "title": words.TITLES[action],
        "action": action,
        "tags": _last(fields, "tag").strip(),
        "query": query,
        "binned": binned,
    }
    try:
        run_ids = chosen(store, fields)
        done = act(store, queue, action, run_ids, tags, {}, dry_run=True)
    except FieldError as error:
        what = "The tag" if error.field == "tags" else "The search"
        return page(
            request, "bulk/preview.html", 422, **about, message=f"{what} {error.message}.", shell=shell(store), seen=""
        )
    changed = len(done.outcome.changed)
    return page(
        request, "bulk/preview.html", **about, message=done.message, lasting=done.lasting, shell=shell(store),
        names=_names(store, list(done.outcome.changed)), seen=json.dumps(done.outcome.changed),
        button=f"{words.BUTTONS[action]} {plural(changed, 'run')}" if changed else "",
    )  # fmt: skip


def _export(request: Request, store: Store, fields: dict[str, list[str]]) -> HTMLResponse:
    """Return what an archive of the chosen runs would hold."""
    about: dict[str, Any] = {"title": "Export runs", "query": _last(fields, "all_q"), "shell": shell(store)}
    try:
        run_ids = chosen(store, fields)
    except FieldError as error:
        return page(request, "bulk/preview.html", 422, **about, message=f"The search {error.message}.")
    if not run_ids:
        return page(request, "bulk/preview.html", **about, message="No run is chosen.")
    n_bytes, many = check(store, run_ids), plural(len(run_ids), "run")
    return page(
        request, "bulk/preview.html", **about, target="/export", runs=",".join(run_ids), names=_names(store, run_ids),
        message=f"{many} with {size(n_bytes)} of artifacts will be exported as one file.",
        lasting="The runs stay as they are. Unfinished ones are exported as cancelled.", button=f"Export {many}",
    )  # fmt: skip


@router.post("/bulk/done")
def apply(request: Request, store: StoreDep, queue: QueueDep, fields: Fields) -> HTMLResponse:
    """Do what a preview has shown, or undo what was done."""
    action = _action(fields)
    seen = _seen(_last(fields, "seen")) if "seen" in fields else {}
    own = _tags_of(_last(fields, "tags_of")) if "tags_of" in fields else None
    run_ids = list(seen if own is None else own) or _ids(_last(fields, "runs").split(","))
    done = act(store, queue, action, run_ids, _tags(fields) if own is None else own, seen, dry_run=False)
    return page(
        request, "bulk/done.html", title=words.TITLES[action], message=done.message, lasting=done.lasting,
        undo=done.undo, runs=",".join(done.outcome.changed),
        tags_of=json.dumps(done.outcome.tags), binned=action == "restore", shell=shell(store),
    )  # fmt: skip


def chosen(store: Store, fields: dict[str, list[str]]) -> list[str]:
    """Return the ticked runs, or all that a query finds. Raises FieldError."""
    if _last(fields, "all"):
        return sorted(store.matching_ids(_last(fields, "all_q"), binned=bool(_last(fields, "binned"))))
    return _ids(fields.get("run", ()))


def _tags(fields: dict[str, list[str]]) -> Tags:
    """Return the tags of a field that commas separate; of an empty one a tag that is refused."""
    return [tag.strip() for tag in _last(fields, "tag").split(",") if tag.strip()] or ""


def _last(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[-1]


def _action(fields: dict[str, list[str]]) -> Action:
    try:
        return _ACTION.validate_python(_last(fields, "action"))
    except ValidationError:
        raise FieldError("action", f"must be one of {', '.join(get_args(Action))}") from None


def _ids(given: Sequence[str]) -> list[str]:
    ids = [item for item in given if item.isascii() and item.isalnum()]
    if len(ids) > MOST:
        raise FieldError("runs", f"names {len(ids):,} runs; at most {MOST:,} are changed at once")
    return ids


def _seen(text: str) -> dict[str, str]:
    try:
        conditions = _SEEN.validate_json(text)
    except ValidationError:
        raise FieldError("seen", "must be a JSON object of conditions by run") from None
    return {run_id: conditions[run_id] for run_id in _ids(list(conditions))}


def _tags_of(text: str) -> dict[str, list[str]]:
    try:
        tags = _TAGS_OF.validate_json(text)
    except ValidationError:
        raise FieldError("tags_of", "must be a JSON object of tags by run") from None
    return {run_id: tags[run_id] for run_id in _ids(list(tags))}


def _names(store: Store, run_ids: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    names = [f"“{run.name}”" for run in store.several(run_ids[:_NAMED])]
    more = len(run_ids) - len(names)
    return ", ".join([*names, f"{more:,} more"] if more else names)
