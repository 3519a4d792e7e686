"""The parts of a live page that have changed since the browser last read them."""

import hashlib
import re
from collections.abc import Collection, Iterator

from fastapi import Request

from app.web.core.glossary import TAG

_LIVE = re.compile(r'\sdata-live(?:="(\w+)")?(?=[\s>])')


def known_parts(request: Request) -> frozenset[str] | None:
    """Return the tags of the live parts that a browser has, None where it asks for the whole page.

    `asked` is among them where the reader asks for the parts that are not renewed by themselves.
    """
    header = request.headers.get("x-live")
    return None if header is None else frozenset(header.split())


def changed(html: str, known: Collection[str]) -> str:
    """Return the live parts of a page that a browser does not have, each in a `div` that holds its tag."""
    parts = []
    for when, part in _parts(html):
        tag = hashlib.sha256(part.encode()).hexdigest()[:12]
        if tag not in known and when in ("", *known):
            parts.append(f'<div data-tag="{tag}">{part}</div>\n')
    return "".join(parts)


def _parts(html: str) -> Iterator[tuple[str, str]]:
    """Yield every part marked `data-live`, with the value of that."""
    name, depth, start, when = "", 0, 0, ""
    for tag in TAG.finditer(html):
        closes, kind = bool(tag[1]), tag[2].lower()
        if depth:
            if kind == name:
                depth += -1 if closes else 1
                if not depth:
                    yield when, html[start : tag.end()]
        elif not closes and (live := _LIVE.search(tag[0])):
            name, depth, start, when = kind, 1, tag.start(), live[1] or ""
