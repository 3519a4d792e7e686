"""The routes that kinds have besides those of every run: found in `app/kinds/<kind>/web/routes.py`."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter

from app.kinds.specs import NAMES


def pages() -> Iterator[APIRouter]:
    """Yield the router of each kind that has pages of its own."""
    for kind in NAMES:
        if find_spec(f"app.kinds.{kind}.web"):
            yield import_module(f"app.kinds.{kind}.web.routes").PAGES


def api() -> Iterator[APIRouter]:
    """Yield the routers that kinds add to the API."""
    for kind in NAMES:
        if find_spec(f"app.kinds.{kind}.web"):
            yield from import_module(f"app.kinds.{kind}.web.routes").API
