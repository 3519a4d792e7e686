"""Pages, scripts and streams work in a browser below a sub-path of another server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Scope, Watched, becomes, up
from tests.browser.windows import Windows

ROOT = "/lab/tickets"


@pytest.fixture(scope="module")
def lab(scope: Scope, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scope]:
    """One more web, below a sub-path; the store, the broker and the worker are those of the other."""
    log = tmp_path_factory.mktemp("lab") / "up.log"
    with up(log, {**scope.env, "TICKETSCOPE_WORKERS": "0"}, ROOT) as lab:
        yield lab


@pytest.fixture(scope="module")
def windows(browser: Browser, lab: Scope) -> Windows:
    return Windows(browser, lab.url)


@pytest.fixture
def below(browser: Browser, lab: Scope, windows: Windows) -> Iterator[Watched]:
    """Fails a test in which a page asks for anything outside the sub-path."""
    watched = Watched(browser, lab.url, windows)
    yield watched
    watched.close()


def test_a_run_is_submitted_watched_and_inspected(below: Watched, lab: Scope) -> None:
    page = below()
    page.goto(f"{lab.url}/new?preset=digits-tickets")
    for name, value in (("steps", "60"), ("levels", "2"), ("replicates", "1"), ("eval_every", "20")):
        page.fill(f"[name={name}]", value)
    page.click("#spec-form button.go")
    page.wait_for_url(f"{lab.url}/runs/*")
    run = page.url.rsplit("/", 1)[-1]
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    expect(page.locator(".figure .main-svg").first).to_be_visible()
    page.click(".tabs >> text=Masks")
    page.wait_for_url(f"{lab.url}/runs/{run}?*")
    expect(page.locator("#matrix-a .main-svg").first).to_be_visible()
    page.click("nav >> text=Board")
    page.wait_for_url(f"{lab.url}/")
    expect(page.locator(f"a[href='{ROOT}/runs/{run}']").first).to_be_visible()
    page.goto(f"{lab.url}/docs")
    expect(page.locator(".swagger-ui .opblock").first).to_be_visible()


def test_pictures_and_films_are_asked_for_below_it(below: Watched, lab: Scope) -> None:
    page = below()
    page.goto(f"{lab.url}/new?preset=erasure-digits")
    expect(page.get_by_role("img", name="Weight matrix with the picture in it")).to_be_visible()
    page.check("text=Photograph")
    photograph = page.locator(f"img[src^='{ROOT}/api/v1/pictures/samples/']").first
    becomes(page, f"document.querySelector(\"img[src^='{ROOT}/api/v1/pictures/samples/']\").naturalWidth > 0")
    expect(photograph).to_be_visible()
