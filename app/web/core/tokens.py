"""The token that every form carries when accounts are on: no other site can know it."""

import hmac
import re
from typing import Final

from jinja2.ext import Extension
from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from app.web.core.body import MAX_BODY_BYTES

FIELD: Final = "csrf_token"
HEADER: Final = "x-csrf-token"
# Where a form's first field ends, however long the names of its parts are.
_FIRST_BYTES: Final = 4_096
_FORM = re.compile(r'<form\b(?:[^>"]|"[^"]*")*\bmethod="post"(?:[^>"]|"[^"]*")*>')
_PART = re.compile(rb'^--[^\r\n]{1,200}\r\n[Cc]ontent-[Dd]isposition: form-data; name="csrf_token"\r\n\r\n(\w+)\r\n')
_PAIR = re.compile(rb"(?:^|(?<=&))csrf_token=([^&]*)(?:&|$)")


class TokenInForms(Extension):
    """Puts the token into each form that a template posts, as its first field; a new form cannot be without."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """Return the source with the field in it."""
        return _FORM.sub(r"\g<0>{{ csrf_field }}", source)


def field(token: str) -> Markup:
    """Return the hidden field with a token; nothing for none."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token) if token else Markup("")


async def carried(headers: Headers, receive: Receive, token: str) -> Receive | None:
    """Return how to receive the rest of a request that carries the token; None where it does not.

    The token is in a header or in the body's first field. A body that is not uploaded comes without it.
    Raises HTTPException for a body that is too long or too slow.
    """
    if hmac.compare_digest(headers.get(HEADER, "").encode(), token.encode()):
        return receive
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return None
    body, more = b"", True
    # Where files are uploaded, a body that is none comes here without the limit of other forms.
    enough = _FIRST_BYTES if kind == "multipart/form-data" else MAX_BODY_BYTES + 1
    while more and len(body) < enough:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if more and kind != "multipart/form-data":
        return None
    if kind == "multipart/form-data":
        part = _PART.match(body)
        sent = part[1] if part else b""
    else:
        pair = _PAIR.search(body)
        sent, body = (pair[1], _PAIR.sub(b"", body)) if pair else (b"", body)
    if not hmac.compare_digest(sent, token.encode()):
        return None
    first: Message | None = {"type": "http.request", "body": body, "more_body": more}

    async def replay() -> Message:
        nonlocal first
        message, first = first, None
        return message if message is not None else await receive()

    return replay
