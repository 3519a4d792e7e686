"""Files that are generated and checked in; `make generated` writes them again."""

from collections.abc import Callable, Mapping
from pathlib import Path

from app.methods import table
from app.plotting import sheets
from tests.contracts import pins

ROOT = Path(__file__).parents[1]
FILES: Mapping[str, Callable[[], str]] = {
    "static/css/palette.css": sheets.style_sheet,
    "static/js/palette.js": sheets.script,
    "docs/methods.md": table.table,
    "tests/contracts/pins.json": pins.text,
}


def write() -> None:
    """Write every file."""
    for path, text in FILES.items():
        (ROOT / path).write_text(text())


if __name__ == "__main__":
    write()
