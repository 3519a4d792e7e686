"""Controls of a figure of several runs, made from the schema of its options."""

from typing import Any

from app.plotting.compared import ComparedEntry
from app.plotting.source import Options
from app.web.run.cards import Control


def controls(entry: ComparedEntry, options: Options) -> list[Control]:
    """Return a control for each option; one without named values is chosen elsewhere and only kept."""
    chosen = options.model_dump(mode="json")
    return [
        _control(name, schema, chosen[name])
        for name, schema in entry.options.model_json_schema().get("properties", {}).items()
    ]


def _control(name: str, schema: dict[str, Any], value: Any) -> Control:
    label = name.replace("_", " ")
    text = str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
    if values := schema.get("enum"):
        each = tuple((one, one.replace("_", " ")) for one in values)
        return Control(name, label, "segments" if len(values) <= 4 else "select", text, each)
    if schema.get("type") == "boolean":
        return Control(name, label, "check", text if value else "")
    return Control(name, label, "hidden", "" if value == schema.get("default") else text)
