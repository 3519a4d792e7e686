"""Controls of a figure of several runs, built from the schema of its options."""

from typing import Any

from app.kinds.registry import KINDS
from app.plotting.compared import ComparedEntry
from app.plotting.run_columns import find
from app.plotting.source import Options
from app.plotting.style import LOOKS
from app.web.compare.selection import Selection
from app.web.run.cards import Control

_WORDS = {"iou": "IoU"}


def controls(entry: ComparedEntry, options: Options, chosen: Selection) -> list[Control]:
    """Return a control for each option; one without named values or ends is only kept."""
    values = options.model_dump(mode="json")
    return [
        _control(name, schema, values[name], chosen)
        for name, schema in entry.options.model_json_schema().get("properties", {}).items()
    ]


def _control(name: str, schema: dict[str, Any], value: Any, chosen: Selection) -> Control:
    label = name.replace("_", " ")
    text = str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
    if values := schema.get("enum"):
        choices = tuple((one, _named(one)) for one in values)
        return Control(name, label, "segments" if len(values) <= 4 else "select", text, choices)
    if schema.get("type") == "boolean":
        return Control(name, label, "check", text if value else "")
    if schema.get("minimum") == -1:
        levels = max(run.levels for run in chosen.runs)
        return Control(
            name, label, "select", text, (("-1", "deepest of all"), *((str(n), str(n)) for n in range(levels + 1)))
        )
    kinds = [KINDS[run.kind].choices(run.spec, name) for run in chosen.runs if run.kind in KINDS]
    if schema.get("type") == "string" and (known := {key: title for kind in kinds for key, title in kind}):
        return Control(name, label, "select", text, (("", "most common"), *known.items()))
    if schema.get("of") == "column":
        choices = (("", "chosen by what differs"), *((path, title) for path, title, _ in chosen.offered))
        shown = find(chosen.values, text) if text else None
        return Control(name, label, "select", shown.path if shown else text, choices)
    if schema.get("type") == "integer":
        most = max(run.levels for run in chosen.runs)
        high, zero = (most, "0, dense network") if name == "level" else (schema["maximum"], schema.get("zero", ""))
        return Control(name, label, "slider", text, low=schema.get("minimum", 0), high=max(high, value), zero=zero)
    return Control(name, label, "hidden", "" if value == schema.get("default") else text)


def _named(value: str) -> str:
    """Return what a named value is called: as methods, formats and measures are everywhere."""
    look = LOOKS.get(value)
    return look.label if look is not None and look.label else _WORDS.get(value, value.replace("_", " "))
