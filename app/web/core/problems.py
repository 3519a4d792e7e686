"""Errors as `application/problem+json` (RFC 9457), or as a page for clients that accept HTML."""

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.contract.experiment import FieldError
from app.contract.refusals import refusal
from app.imports.refused import Refused
from app.store.condition import DAMAGED, diagnose
from app.store.errors import Conflict, Corrupt, Damaged, NotFound, NotTheirs
from app.web.core.accept import best
from app.web.core.headers import HEADERS
from app.web.core.root_path import own_path
from app.web.core.secret_paths import logged

MEDIA_TYPE = "application/problem+json"
# Bad fields that an answer names: a body of 1 MiB may hold tens of thousands, and a reader needs no more.
NAMED = 50
LONGEST = 2_000
"""Characters of a message."""
# Fields of forms that must not be readable, not even in the source of a page.
_PASSWORDS = frozenset({"password", "again", "now"})

log = logging.getLogger(__name__)


class BadField(BaseModel):
    """One refused value: `path` is dotted, as in `optimizer.lr` or `branches.0.draws`."""

    path: str
    message: str


class Problem(BaseModel):
    """What every error answers."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[BadField] = []


class Invalid(Exception):  # noqa: N818 (it is an answer, not a fault)
    """A request refused with 422; `errors` name its bad fields."""

    def __init__(self, errors: Sequence[BadField]) -> None:
        super().__init__(summary(errors))
        self.errors = list(errors)


def problem(
    status: int, detail: str, *, errors: Sequence[BadField] = (), headers: dict[str, str] | None = None
) -> Response:
    """Return a problem+json response."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    # ASCII, because a refused field name may hold what UTF-8 cannot (a lone surrogate).
    return Response(json.dumps(document.model_dump()), status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI entries of the problems a route may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def summary(errors: Sequence[BadField]) -> str:
    """Return one line that names the first `NAMED` bad fields, and counts the others."""
    lines = [f"{error.path}: {error.message}" if error.path else error.message for error in errors[:NAMED]]
    return "; ".join([*lines, f"and {len(errors) - NAMED:,} more"] if len(errors) > NAMED else lines)


def bad_fields(errors: Sequence[Any], value: Any, *, drop: Sequence[str] = ()) -> list[BadField]:
    """Return Pydantic's errors as form fields: union tags are left out, and so is a leading name in `drop`.

    `value` is what was validated: a tag is recognised as the `kind` of the object that has it.
    """
    return [_bad_field(error, value, drop) for error in errors]


def _bad_field(error: dict[str, Any], value: Any, drop: Sequence[str]) -> BadField:
    path: list[str] = []
    here = value
    for part in error["loc"]:
        if isinstance(here, dict) and part == here.get("kind") and part not in here:
            continue
        path.append(str(part))
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
    cause = error.get("ctx", {}).get("error")
    message = refusal(error)
    if isinstance(cause, FieldError):
        path += cause.field.split(".")
        message = cause.message
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        path.append("kind")
    if len(path) > 1 and path[0] in drop:
        path = path[1:]
    return BadField(path=".".join(path), message=message)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Invalid, _on_invalid)
    app.add_exception_handler(FieldError, _on_field)
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(NotFound, _on_not_found)
    app.add_exception_handler(Conflict, _on_conflict)
    app.add_exception_handler(NotTheirs, _on_not_theirs)
    app.add_exception_handler(Corrupt, _on_corrupt)
    for error in (DBAPIError, PoolTimeout, Damaged):
        app.add_exception_handler(error, on_database)
    app.add_exception_handler(Exception, _on_fault)


def answer(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[BadField] = (),
    headers: dict[str, str] | None = None,
    *,
    advice: bool = True,
    retry: bool = False,
    fields: Sequence[tuple[str, Any]] = (),
) -> Response:
    """Return a problem, as a page for clients that accept HTML."""
    # What was asked for is named, not sent back whole.
    detail = _cut(detail)
    errors = [error.model_copy(update={"message": _cut(error.message)}) for error in errors[:NAMED]]
    asks = best(request.headers.get("accept", ""), (MEDIA_TYPE, "text/html"))
    if asks == "text/html" and not own_path(request.scope).startswith("/api/"):
        template = "core/404.html" if status == 404 else "core/error.html"
        context = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail, "errors": errors}
        context |= {"advice": advice, "retry": retry, "fields": fields}
        page: Response = request.app.state.templates.TemplateResponse(
            request, template, context, status_code=status, headers=headers
        )
        return page
    return problem(status, detail, errors=errors, headers=headers)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (narrowing: the handler's own key)
    fields: list[BadField] = []
    for part in error.errors():
        place, *loc = part["loc"]
        if part["type"] == "json_invalid":
            return answer(request, 400, f"The body is not JSON: {part['ctx']['error']} at character {loc[0]}.")
        value = error.body if place == "body" else None
        fields += bad_fields([{**part, "loc": loc}], value, drop=("spec",))
    return answer(request, 422, summary(fields), fields)


async def _on_invalid(request: Request, error: Exception) -> Response:
    return answer(request, 422, str(error), error.errors if isinstance(error, Invalid) else ())


async def _on_field(request: Request, error: Exception) -> Response:
    assert isinstance(error, FieldError)  # noqa: S101
    return answer(request, 422, str(error), [BadField(path=error.field, message=error.message)])


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101
    return answer(request, error.status, str(error), [BadField(path="files", message=str(error))])


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers) if error.headers else None
    return answer(request, error.status_code, str(error.detail), headers=headers)


async def _on_not_found(request: Request, error: Exception) -> Response:
    return answer(request, 404, str(error))


async def _on_conflict(request: Request, error: Exception) -> Response:
    return answer(request, 409, str(error))


async def _on_not_theirs(request: Request, error: Exception) -> Response:
    return answer(request, 403, str(error))


async def _on_corrupt(request: Request, error: Exception) -> Response:
    log.error("%s %s: %s", request.method, logged(request.url.path), error)
    return answer(request, 500, str(error))


async def on_database(request: Request, error: Exception) -> Response:
    """Return what is wrong with the database, and what to do about it. Raises the error where nothing is known."""
    condition = DAMAGED if isinstance(error, Damaged) else diagnose(error)
    if condition is None:
        raise error
    log.error("%s %s: the database: %s", request.method, logged(request.url.path), error)
    headers = {"Retry-After": "5"} if condition.passes else None
    # A form that may be sent once more goes back with all that was typed, but for passwords; files are not kept.
    kind = request.headers.get("content-type", "").partition(";")[0]
    retry = condition.passes and request.method == "POST" and kind != "multipart/form-data"
    fields = [*(await request.form()).multi_items()] if retry and kind == "application/x-www-form-urlencoded" else []
    if any(name in _PASSWORDS for name, _ in fields):
        retry, fields = False, []
    return answer(request, 503, f"{condition.detail}.", headers=headers, advice=False, retry=retry, fields=fields)


async def _on_fault(request: Request, error: Exception) -> Response:
    log.error("%s %s failed: %r", request.method, logged(request.url.path), error)
    detail = "An internal error occurred; see the server's log. Stored data are not affected."
    # This answer is built outside all middleware.
    return answer(request, 500, detail, headers=dict(HEADERS))
