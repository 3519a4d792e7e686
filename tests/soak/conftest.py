"""A real lab, whose checkpoints come so often that kills land before, within and after them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab


@pytest.fixture
def lab(tmp_path: Path, datasets_dir: Path) -> Iterator[Lab]:
    """Store only; a test starts the broker and the workers that it needs."""
    lab = Lab(tmp_path, datasets_dir, checkpoint_s=0.05)
    yield lab
    lab.close()
