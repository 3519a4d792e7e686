"""A server without workers that all tests of the film wall share, and one run in its store."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from app.store import Store
from benchmarks.server import Server, server
from tests.app.erased_run import ErasedRun, write_run
from tests.browser.conftest import Watched
from tests.browser.film.wall import OPTIMIZERS, SIDE
from tests.browser.windows import Windows


@pytest.fixture(scope="session")
def lab() -> Iterator[Server]:
    """A whole Ticketscope without workers: the test writes what one would."""
    with server(workers=0) as running:
        yield running


@pytest.fixture(scope="session")
def store(lab: Server) -> Iterator[Store]:
    store = lab.store()
    yield store
    store.close()


@pytest.fixture(scope="session")
def run(store: Store) -> ErasedRun:
    """Two replicates of three rates; SGD at rate 1 diverges at step 40."""
    return write_run(store, OPTIMIZERS, widths=(SIDE,), replicates=2, diverge={("sgd", 1): 40})[0]


@pytest.fixture(scope="session")
def reusable(browser: Browser, lab: Server) -> Windows:
    return Windows(browser, lab.url)


@pytest.fixture
def watched(browser: Browser, reusable: Windows) -> Iterator[Watched]:
    watched = Watched(browser, reusable.url, reusable)
    yield watched
    watched.close()


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched()
