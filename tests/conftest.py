"""What every test shares: one torch thread, and where the real data sets lie."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.silent import Silent

# Before torch is imported anywhere: two test processes on two cores, one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def datasets_dir() -> Path:
    """Folder with real MNIST and part of CIFAR-10; `TICKETSCOPE_DATASETS_DIR` overrides the one beside the project."""
    return Path(os.environ.get("TICKETSCOPE_DATASETS_DIR", SHARED_DATA))


@pytest.fixture
def silent() -> Iterator[Silent]:
    """A broker that hangs."""
    silent = Silent()
    yield silent
    silent.close()
