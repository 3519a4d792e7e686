"""The methods of a group: every file in its folder."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from app.methods.method import Method


@cache
def methods(group: str) -> Mapping[str, Method]:
    """Return the methods of a group by name, in the order of forms."""
    package = import_module(f"app.methods.{group}")
    names = sorted(module.name for module in iter_modules(package.__path__))
    described = [import_module(f"{package.__name__}.{name}").METHOD for name in names]
    return {method.name: method for method in sorted(described, key=lambda method: method.order)}
