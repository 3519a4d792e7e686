"""Names in the code are the field's words: none of those that only this project used has come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BANNED = re.compile(
    r"abreast|midway|standing|kept_?back|(^|_)(told_s|held_s|courses?|bench|lane|beside|narrower|unsettled|settle)$"
)
READ = ("app", "workers")
BEFORE = ROOT / "app" / "store" / "migrations" / "versions"
"""Migrations name columns as they were."""


def names_of(source: str) -> Iterator[str]:
    """Yield the names that code defines: of classes, functions, parameters, variables, attributes and modules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def banned_names(source: str) -> list[str]:
    """Return the banned ones, each once."""
    return sorted(
        {name for name in names_of(source) if BANNED.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())}
    )


def test_no_name_is_banned() -> None:
    files = [file for folder in READ for file in (ROOT / folder).rglob("*.py") if BEFORE not in file.parents]
    assert len(files) > 400
    assert {str(file.relative_to(ROOT)): names for file in files if (names := banned_names(file.read_text()))} == {}
    assert [file.name for file in files if BANNED.search(file.stem)] == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("told_s: float | None = None", "told_s"),
        ("class KeptBack:\n    pass", "KeptBack"),
        ("def claim_beside(claim, width):\n    pass", "claim_beside"),
        ("def go(midway_of):\n    pass", "midway_of"),
        ("class TrainingCourse:\n    pass", "TrainingCourse"),
        ("self.abreast = 1", "abreast"),
        ("for course in info.lines:\n    pass", "course"),
    ],
)
def test_a_planted_name_is_found(source: str, name: str) -> None:
    assert banned_names(source) == [name]
    assert banned_names("held = 1\nbesides = 2\nlaneless = 3\nnarrow_axis = 4") == []
