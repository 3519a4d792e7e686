"""What stored specs mean: the keys of all groups and kinds, and the defaults of their parameters."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.kinds.lottery.spec import LotterySpec
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG

FILE = Path(__file__).with_name("pins.json")

MINIMAL_SPEC: dict[str, Any] = {
    "kind": "lottery",
    "dataset": {"kind": "digits"},
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam"},
    "pruning": {"kind": "layerwise_magnitude"},
    "steps": 1000,
    "levels": 11,
}


def pins() -> dict[str, Any]:
    """Return keys and defaults as a tree of plain values; order counts where a form lists by it."""
    return {
        "experiments": list(EXPERIMENTS),
        "spec": LotterySpec.model_validate(MINIMAL_SPEC).model_dump(mode="json"),
        "methods": {
            group: {name: entry.params(kind=name).model_dump(mode="json") for name, entry in entries.items()}
            for group, entries in CATALOG.items()
        },
    }


def text() -> str:
    """Return `tests/contracts/pins.json`. Raises ValueError when it would drop or change what is pinned."""
    new = pins()
    if lost := list(losses(json.loads(FILE.read_text()), new)):
        meant = f"if that is meant, edit {FILE.name}"
        raise ValueError(f"{', '.join(lost)}: stored specs would get another meaning; {meant}")
    return json.dumps(new, indent=2, ensure_ascii=False) + "\n"


def losses(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of pinned values that are gone or different; what is new is no loss."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            at = f"{path}.{name}" if path else name
            yield from losses(value, new[name], at) if name in new else (at,)
    elif old != new and not (path == "experiments" and set(old) <= set(new)):
        yield path
