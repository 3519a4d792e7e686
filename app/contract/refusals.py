"""What is wrong with one value, in plain words, from the error that validation gives."""

from collections.abc import Mapping
from typing import Any

from app.contract.words import plural


def number(value: float) -> str:
    """Return a bound as a reader writes it."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def refusal(error: Mapping[str, Any]) -> str:
    """Return the words of one pydantic error, to follow the name of its field."""
    kind, bounds = error["type"], error.get("ctx", {})
    if kind in ("too_short", "too_long"):
        return _length(kind, bounds)
    words = {
        "missing": "needs a value",
        "extra_forbidden": "is not a known field",
        "greater_than": f"must be above {number(bounds.get('gt', 0))}",
        "greater_than_equal": f"must be at least {number(bounds.get('ge', 0))}",
        "less_than": f"must be below {number(bounds.get('lt', 0))}",
        "less_than_equal": f"must be at most {number(bounds.get('le', 0))}",
        "finite_number": "must be a finite number",
        "union_tag_invalid": f"must be one of {bounds.get('expected_tags', '')}",
        "union_tag_not_found": "needs a choice",
        "string_too_short": f"must have at least {plural(bounds.get('min_length', 0), 'character')}",
        "string_too_long": f"must have at most {plural(bounds.get('max_length', 0), 'character')}",
    }
    for start, expected in _TYPES.items():
        words |= dict.fromkeys((f"{start}_type", f"{start}_parsing", f"{start}_from_float"), f"must be {expected}")
    message: str = words.get(kind) or error["msg"]
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "dict": "an object with named fields",
    "model": "an object with named fields",
    "model_attributes": "an object with named fields",
}


def _length(kind: str, bounds: Mapping[str, Any]) -> str:
    if kind == "too_short":
        return f"needs at least {plural(bounds['min_length'], 'entry', 'entries')}"
    return f"must have at most {plural(bounds['max_length'], 'entry', 'entries')}"
