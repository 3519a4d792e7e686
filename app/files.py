"""Where the files that are not Python lie: next to `app` in a checkout, inside it in an installed wheel."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve().parent
_INSTALLED: Final = _HERE / "_files"
_ROOT: Final = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent

STATIC: Final = _ROOT / "static"
TEMPLATES: Final = _ROOT / "templates"
DOCS: Final = _ROOT / "docs"
