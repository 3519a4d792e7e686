"""A report as blocks: texts and figures in order."""

import re
from collections.abc import Iterator
from itertools import count

from markupsafe import Markup

from app.web.core.context import Readers
from app.web.reports.figures import Pinned, Wrong, is_link, pinned
from app.web.writing.markdown import render

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield texts, and lines that are links to figures with True; within a block of code nothing is a link."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if fence or not is_link(line):
            lines.append(line)
            continue
        yield "\n".join(lines), False
        yield line, True
        lines = []
    yield "\n".join(lines), False


def blocks(readers: Readers, text: str, root: str) -> list[Markup | Pinned | Wrong]:
    """Return a report as HTML, figures, and what is wrong with links to figures in their place."""
    parts = list(pieces(text))
    rendered = render(readers.store, {str(n): part for n, (part, link) in enumerate(parts) if not link}, root, top=2)
    numbers = count(1)
    all_ = [pinned(readers, part, next(numbers)) if link else rendered[str(n)] for n, (part, link) in enumerate(parts)]
    return [block for block in all_ if block != ""]
