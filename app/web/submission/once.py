"""Which requests are one: a form that is sent twice, and a request that a script repeats after a lost answer."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Annotated, TypeAlias

import orjson
from fastapi import Header
from pydantic import BaseModel

from app.store.acting import acting
from app.store.submissions import Once

FIELD = "submission"
"""Hidden in a form: another one each time that a page is loaded."""

KeyHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A word of your own for this request. Sent again with it, the same request stores nothing more and "
        "answers with what it has stored.",
    ),
]


def token() -> str:
    """Return the key of a new form."""
    return secrets.token_hex(16)


def of_form(data: Mapping[str, str]) -> Once | None:
    """Return the key of a form with what is typed in it: changed after Back, it is another request."""
    if not data.get(FIELD):
        return None
    digest = _digest(_own(dict(data)))
    return Once(digest, digest)


def of_request(key: str | None, path: str, body: BaseModel | None = None) -> Once | None:
    """Return the key of a request of the API, which may have no body."""
    sent = None if body is None else body.model_dump(mode="json")
    return None if key is None else Once(_digest(_own([path, key])), _digest(sent))


def _own(request: object) -> object:
    """Return a request with who sends it: what another has sent with the same key is not theirs."""
    who = acting()
    return request if who is None else [who, request]


def _digest(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
