"""Several values as people type them: `0.1, 0.3`, `1..5`, `0..1 step 0.25`, `1e-4..1e-1 log 4`."""

import re
from typing import Any

from pydantic import ValidationError

from app.contract.experiment import FieldError
from app.contract.refusals import refusal
from app.sweeps.axes import Axis

SYNTAX = "0.1, 0.3 or 1..5 or 0..1 step 0.25 or 1e-4..1e-1 log 4"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s+step\s+({_NUMBER})|\s+(log)(?:\s+(\d+))?)?")
_WHOLE = re.compile(r"[+-]?\d+")


def several(text: str, *, listed: bool = False) -> bool:
    """Return whether a text describes several values.

    In a field that is a list itself, only a semicolon separates them.
    """
    return ";" in text or (not listed and ("," in text or ".." in text))


def axis(text: str, *, listed: bool = False) -> Axis:
    """Return the values that a text describes. Raises FieldError, with no field, for what is no values."""
    text = text.strip()
    if not listed and ".." in text:
        return _range(text)
    parts = [part.strip() for part in text.split(";" if listed or ";" in text else ",")]
    if not all(parts):
        raise FieldError("", f"has an empty value; write {SYNTAX}")
    values = [[value(item) for item in part.replace(",", " ").split()] if listed else value(part) for part in parts]
    return _made({"values": values})


def value(text: str) -> Any:
    """Return a number where a text is one, else a truth value or the text."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if re.fullmatch(_NUMBER, text):
        return float(text)
    return {"true": True, "false": False}.get(text, text)


def _range(text: str) -> Axis:
    read = _RANGE.fullmatch(text)
    if read is None:
        raise FieldError("", f"is not a range; write {SYNTAX}")
    low, high, step, log, count = read.groups()
    ends = {"low": value(low), "high": value(high)}
    if log:
        return _made({"log_range": {**ends, **({"count": int(count)} if count else {})}})
    return _made({"range": {**ends, **({"step": value(step)} if step else {})}})


def _made(axis_: dict[str, Any]) -> Axis:
    try:
        return Axis.model_validate(axis_)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        raise FieldError("", cause.message if isinstance(cause, FieldError) else refusal(first)) from None


def typed(axis_: Axis) -> str:
    """Return an axis as it would be typed."""
    if axis_.values is not None:
        if any(isinstance(value, list | tuple) for value in axis_.values):
            return "; ".join(", ".join(map(_text, value)) for value in axis_.values)
        return ", ".join(map(_text, axis_.values))
    if axis_.range is not None:
        step = f" step {_text(axis_.range.step)}" if axis_.range.step is not None else ""
        return f"{_text(axis_.range.low)}..{_text(axis_.range.high)}{step}"
    assert axis_.log_range is not None  # noqa: S101 (an axis has one of three)
    count = f" {axis_.log_range.count}" if axis_.log_range.count is not None else ""
    return f"{_text(axis_.log_range.low)}..{_text(axis_.log_range.high)} log{count}"


def _text(value: Any) -> str:
    if isinstance(value, dict) and "kind" in value:
        return str(value["kind"])
    return str(value).lower() if isinstance(value, bool) else str(value)
