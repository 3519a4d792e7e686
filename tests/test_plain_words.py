"""What readers see is in plain words: no text of the program, its pages or its scripts has one of the house words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = re.compile(
    r"\b(told|beside|standing|abreast|midway|whoever|somebody|afresh|dear(est|er)?|turned out|rests on|hangs on|to come"
    r"|came out|comes? (here|as)|zoom out|seeds? over|over \S+ seeds|as far as|cannot be told|darker = later"
    r"|is no (JSON|number|address|pairing|queue|sequence))\b"
)
_SCRIPT = re.compile(r"""(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1""")


def texts_of_python(source: str) -> Iterator[str]:
    """String literals with a space, parts of f-strings too; docstrings are for developers."""
    tree = ast.parse(source)
    documents = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def texts_of_template(source: str) -> Iterator[str]:
    """What stands between tags, and what attributes say to readers; neither comments nor code of the template."""
    plain = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
    yield from re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', plain)
    yield from re.split(r"<[^>]*>", plain)


def texts_of_script(source: str) -> Iterator[str]:
    """Strings and templates in quotes; comments are for developers."""
    code = re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", " ", source, flags=re.DOTALL)
    for _, text in _SCRIPT.findall(code):
        yield re.sub(r"\$\{[^}]*\}", " ", text)


READ = {
    ".py": ("app", "workers", "client"), ".html": ("templates",), ".js": ("static/js",),
}  # fmt: skip
TEXTS = {".py": texts_of_python, ".html": texts_of_template, ".js": texts_of_script}


def house_words(source: str, kind: str) -> list[str]:
    """Texts with a house word; a text without a space is a name or a key."""
    return [text for text in TEXTS[kind](source) if " " in text.strip() and HOUSE.search(text)]


@pytest.mark.parametrize("kind", READ)
def test_no_text_has_a_house_word(kind: str) -> None:
    files = [file for room in READ[kind] for file in (ROOT / room).rglob(f"*{kind}")]
    assert len(files) > 20
    found = [f"{file.relative_to(ROOT)}: {text}" for file in files for text in house_words(file.read_text(), kind)]
    assert found == []


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('"""Told to developers."""\nraise ValueError(f"{x} cannot be told")', ".py"),
        ('def f():\n    return "thick: mean, as far as all have come"', ".py"),
        ("<p>Stands beside it.</p>", ".html"),
        ('<a title="zoom out to see it">x</a>', ".html"),
        ("// told to developers\nsay(`${n} to come`);", ".js"),
    ],
)
def test_a_planted_house_word_is_found(source: str, kind: str) -> None:
    assert len(house_words(source, kind)) == 1
