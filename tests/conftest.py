"""What every test shares: one torch thread, and where the real data sets lie."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests import compiled
from tests.silent import Silent

# Before torch is imported anywhere: two test processes on two cores, one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What is imported and collected stays to the end: the garbage collector would look through all of it again and again.
gc.disable()
compiled.share()

# How long an example takes tells of the machine and of who else uses it.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

TESTS = Path(__file__).parent
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


# Long ones first, so that no process is left with one of them at the end; but the browser's driver leaves an event loop
# running in its process, after which no other can be started there.
FIRST, LAST = ("test_readme.py", "test_wheel.py", "cases", "soak", "workers"), ("browser",)
# Of these folders one process runs all: they share what took a minute to make.
TOGETHER = ("cases",)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """One process runs all tests of a file, or of a folder that shares more.

    Of three processes or more the last runs what is done in a browser, from the start and nothing else: a browser is
    mostly waited for, and two cores have time for the other tests meanwhile.
    """

    _browsing: WorkerController | None = None

    def schedule(self) -> None:
        if self.collection is None and len(self.nodes) > 2:
            self._browsing = self.nodes[-1]
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if f"tests/{folder}/" in file), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node is self._browsing:
            browser = [scope for scope in self.workqueue if scope.startswith("tests/browser/")]
            for scope in browser[:1]:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        idle = node is self._browsing and not any(scope.startswith("tests/browser/") for scope in self.workqueue)
        if not idle:
            super()._reschedule(node)
        elif not node.shutting_down:
            node.shutdown()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Replace the scheduler that hands out single tests."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in an order that keeps the processes busy to the end."""
    items.sort(key=lambda item: _turn(item.path.relative_to(TESTS).parts[0]))


def pytest_collection_finish() -> None:
    """Collect garbage again from here on, of what the tests leave behind."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


def _turn(part: str) -> int:
    return FIRST.index(part) if part in FIRST else len(FIRST) + (part in LAST)


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
