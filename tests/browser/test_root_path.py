"""Pages, scripts and streams work in a browser below a sub-path of another server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Scope, Watched, becomes, started

ROOT = "/lab/tickets"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, datasets_dir: Path) -> Iterator[Scope]:
    with started(tmp_path_factory.mktemp("lab"), datasets_dir, ROOT) as scope:
        yield scope


@pytest.fixture
def below(browser: Browser, lab: Scope) -> Iterator[Watched]:
    """Fails a test in which a page asks for anything outside the sub-path."""
    watched = Watched(browser, lab.url)
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
