"""What is wrong with a submitted form, in words at the path of a field, from the errors of pydantic for the spec."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from app.contract.experiment import FieldError
from app.contract.refusals import refusal
from app.contract.words import plural

Schema: TypeAlias = dict[str, Any]

# Errors of one element that leave a list no list of numbers.
_UNREADABLE = frozenset({"missing", "float_parsing", "int_parsing", "int_from_float", "tuple_type"})


def alternatives(prop: Schema, root: Schema) -> dict[str, Schema]:
    """Return kind -> schema of its parameters, in the catalog's order; empty when `prop` is no choice."""
    schemas = (root["$defs"][ref["$ref"].rsplit("/", 1)[-1]] for ref in prop.get("oneOf", ()))
    return {alternative["properties"]["kind"]["const"]: alternative for alternative in schemas}


def blame(error: Any, raw: Mapping[str, Any], root: Schema) -> tuple[str, str]:
    """Return path and words of one pydantic error; an index into a list is left out of the path."""
    path = ".".join(part for part in error["loc"] if isinstance(part, str))
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        return with_kinds(cause.field, raw), cause.message
    kind = error["type"]
    if kind in ("too_short", "too_long") or (isinstance(error["loc"][-1], int) and kind in _UNREADABLE):
        return path, _numbers_wanted(_prop(path, root))
    return path, "is not one of the choices" if kind == "union_tag_invalid" else refusal(error)


def _prop(path: str, root: Schema) -> Schema:
    """Return the schema of the field at a path of the form."""
    node = root
    for part in path.split("."):
        kinds = alternatives(node, root) or alternatives(node.get("items", {}), root)
        node = kinds[part] if kinds else node["properties"][part]
    return node


def _numbers_wanted(prop: Schema) -> str:
    """Return what a list of numbers must look like: `needs 2 numbers, separated by a comma; decimals with a point`."""
    low, high = prop.get("minItems", 0), prop["maxItems"]
    if "enum" in prop.get("items", {}):
        return "needs at least one"
    if "prefixItems" in prop.get("items", {}):
        return f"needs {low} to {plural(high, 'size')} such as 784×300, separated by commas"
    if low == high:
        return f"needs {plural(high, 'number')}, separated by a comma; decimals with a point"
    return f"needs {low} to {plural(high, 'number')}, separated by commas; decimals with a point"


def with_kinds(field: str, raw: Mapping[str, Any]) -> str:
    """Return a dotted path of the spec as the form has it: `schedule.final` → `schedule.cosine.final`."""
    first, *rest = field.split(".")
    path, here = [first], raw.get(first)
    for part in rest:
        if isinstance(here, Mapping):
            path.append(str(here.get("kind")))
            here = here.get(part)
        path.append(part)
    return ".".join(path)
