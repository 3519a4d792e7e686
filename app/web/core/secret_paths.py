"""Addresses that are secrets themselves: what a log shows of them."""

import re
from typing import Final

PUBLISHED: Final = "/published/"
_SECRET = re.compile(r"(/published/)[^/?#\s]+")


def logged(path: str) -> str:
    """Return a path as a log may show it: a link that was published reads as `/published/…`."""
    return _SECRET.sub(r"\1…", path)
