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
VARIABLES = frozenset({"made", "found", "told", "each"})
"""Verbs and pronouns in the place of a noun: nothing is called so."""
READ = ("app", "benchmarks", "workers")
BEFORE = ROOT / "app" / "store" / "migrations" / "versions"
"""Migrations name columns as they were."""


def variables_of(tree: ast.Module) -> Iterator[str]:
    """Yield the names of parameters and variables that code defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def others_of(tree: ast.Module) -> Iterator[str]:
    """Yield the names of classes, functions and attributes that code defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def banned_names(source: str) -> list[str]:
    """Return the banned ones, each once."""
    tree = ast.parse(source)
    variables, others = set(variables_of(tree)), set(others_of(tree))
    house = {name for name in variables | others if BANNED.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())}
    return sorted(house | (variables | others) & VARIABLES)


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
        ("for each in lines:\n    pass", "each"),
        ("x = [each for each in lines]", "each"),
        ("made = build()", "made"),
        ("def count(found):\n    pass", "found"),
        ("if (told := read()) is None:\n    pass", "told"),
        ("class Store:\n    def found(self):\n        pass", "found"),
    ],
)
def test_a_planted_name_is_found(source: str, name: str) -> None:
    assert banned_names(source) == [name]
    assert banned_names("held = 1\nbesides = 2\nlaneless = 3\nnarrow_axis = 4") == []
