"""What every test shares: one torch thread, and where the real data sets lie."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.silent import Silent

# Before torch is imported anywhere: two test processes on two cores, one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

TESTS = Path(__file__).parent
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


# Long ones first, so that no process is left with one of them at the end.
FIRST = ("test_readme.py", "test_wheel.py", "cases", "soak", "browser", "workers")
# Of these folders one process runs all: they share what took a minute to make.
TOGETHER = ("cases",)


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 2` the tests of one file run in one process, in an order that keeps both busy to the end."""
    for item in items:
        path = item.path.relative_to(TESTS)
        item.add_marker(pytest.mark.xdist_group(path.parts[0] if path.parts[0] in TOGETHER else str(path)))
    items.sort(key=lambda item: _turn(item.path.relative_to(TESTS).parts[0]))


def _turn(part: str) -> int:
    return FIRST.index(part) if part in FIRST else len(FIRST)


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
