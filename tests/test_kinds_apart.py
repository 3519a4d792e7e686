"""No kind of run is named outside its own folder, so that a new one shows wherever the others do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kinds.specs import ENTRIES, NAMES

ROOT = Path(__file__).parents[1]
CLASSES = frozenset(entry.params.__name__ for entry in ENTRIES.values())
MODULES = tuple(f"app.kinds.{name}" for name in NAMES)


def named(code: str) -> Iterator[str]:
    """Yield what the code says of one kind: its name as a text, its spec's class, or a module of its folder."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield f"{node.lineno}: {node.value!r}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(MODULES):
            yield f"{node.lineno}: {node.module}"
        elif isinstance(node, ast.Name) and node.id in CLASSES:
            yield f"{node.lineno}: {node.id}"


def shared() -> list[Path]:
    """Every Python file of the web, the store, the figures and the workers that is not one kind's own."""
    own = {ROOT / "app" / "kinds" / name for name in NAMES}
    experiments = ROOT / "workers" / "science" / "experiments"
    return [
        path
        for folder in ("app", "workers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not own.intersection(path.parents) and experiments not in path.parents
        if path != ROOT / "app" / "kinds" / "specs.py"
    ]


@pytest.mark.parametrize("path", shared(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_kind_is_named(path: Path) -> None:
    assert list(named(path.read_text())) == []


@pytest.mark.parametrize(
    "planted",
    [
        'if run.kind == "lottery":\n    pass',
        "from app.kinds.erasure.spec import ErasureSpec",
        "isinstance(spec, HardwareSpec)",
    ],
)
def test_a_name_that_is_planted_is_found(planted: str) -> None:
    assert list(named(planted))
