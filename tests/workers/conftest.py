"""A real lab per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab


@pytest.fixture
def lab(tmp_path: Path, datasets_dir: Path) -> Iterator[Lab]:
    """Store only; a test starts the broker and the workers that it needs."""
    lab = Lab(tmp_path, datasets_dir)
    yield lab
    lab.close()
