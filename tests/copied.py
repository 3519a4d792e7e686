"""The project copied to a folder, with the files that a page of the documentation prints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def printed(page: str) -> dict[str, str]:
    """Return the text of each Python file that a page of docs prints, by path."""
    text = (ROOT / "docs" / page).read_text()
    return dict(re.findall(r"^`([\w/]+\.py)`:\n\n```python\n(.*?)```$", text, re.M | re.S))


def python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy."""
    env = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run([sys.executable, *arguments], cwd=root, env=env, capture_output=True, text=True, check=False)


def copied(root: Path, files: dict[str, str]) -> Path:
    """Copy the project to `root`, add `files`, and write what `make generated` does."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for name, text in files.items():
        assert not (root / name).exists()
        (root / name).write_text(text)
    written = python(root, "-m", "tests.generated")
    assert written.returncode == 0, written.stderr
    return root
