"""The rules between rooms hold, and the linter that checks them would notice a breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")

LONGEST = 300
"""Lines of a source file; a longer one holds several ideas."""
SOURCES = {
    "app": "*.py",
    "workers": "*.py",
    "benchmarks": "*.py",
    "static/js": "*.js",
    "static/css": "*.css",
    "templates": "*.html",
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache", "--no-logo"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root), "PATH": str(LINTER.parent)},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ("app", "workers"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("app/live.py", "import torch", "the web side knows neither torch nor the workers"),
        ("app/web/api.py", "import workers.tasks", "the web side knows neither torch nor the workers"),
        ("app/plotting/entry.py", "import app.store", "rooms of the web side"),
        ("app/methods/find.py", "import app.kinds.specs", "rooms of the web side"),
        ("workers/science/train/loop.py", "import app.contract.params", "primitives take tensors and plain numbers"),
        ("workers/science/build.py", "import sqlalchemy", "science knows no server"),
        ("workers/tasks.py", "import torch", "the Celery parent imports no torch"),
    ],
)
def test_a_planted_violation_is_found(copy: Path, file: str, line: str, contract: str) -> None:
    target = copy / file
    target.write_text(f"{target.read_text()}\n{line}\n")
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout


def test_the_house_is_in_order(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_source_file_is_too_long() -> None:
    lines = {
        str(file.relative_to(ROOT)): len(file.read_text().splitlines())
        for folder, pattern in SOURCES.items()
        for file in (ROOT / folder).rglob(pattern)
    }
    assert len(lines) > 800
    assert {file: n for file, n in lines.items() if n > LONGEST} == {}
