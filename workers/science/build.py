"""From a catalog entry, or filled-in parameters, to the callable that they describe."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from app.contract.entry import Entry
from app.contract.params import Params
from app.methods.catalog import CATALOG


def build(choice: Entry | Params) -> Callable[..., Any]:
    """Return the callable of a catalog entry as it is, or that of filled-in parameters with their values bound.

    Raises `KeyError` for parameters of no entry, `ImportError` or `AttributeError` when a target does not resolve.
    """
    if isinstance(choice, Entry):
        return _resolve(choice.target)
    fields = {name: getattr(choice, name) for name in type(choice).model_fields if name != "kind"}
    return partial(_resolve(_entry(choice).target), **fields)


def _resolve(target: str) -> Callable[..., Any]:
    module, _, function = target.partition(":")
    resolved: Callable[..., Any] = getattr(import_module(module), function)
    return resolved


def _entry(params: Params) -> Entry:
    for room in CATALOG.values():
        for entry in room.values():
            if type(params) is entry.params:
                return entry
    raise KeyError(f"{type(params).__name__} belongs to no entry of the catalog")
