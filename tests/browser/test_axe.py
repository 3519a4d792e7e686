"""axe-core finds nothing serious or critical on any page, in either theme."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Scope, Watched
from tests.browser.test_every_page import PAGES

# The reference of the API is the work of others.
OWN = [path for path in PAGES if path != "/docs"]
MORE = ["/archives", "/glossary", "/erasure", "/sweeps", "/?q=nonsense:1", "/compare", "/compare?runs={run},{other}"]


def _found(page: Page) -> list[str]:
    """Violations that are serious or critical, with the elements that have them."""
    answer = Axe().run(page).response
    return [
        f"{each['id']}: {json.dumps([node['html'][:160] for node in each['nodes'][:4]])}"
        for each in answer["violations"]
        if each["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def other(scope: Scope) -> str:
    """One more run, to compare with."""
    return scope.submit(name="another run")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("of_runs", [True, False], ids=["runs", "others"])
def test_no_page_keeps_a_reader_out(watched: Watched, finished: str, other: str, theme: str, of_runs: bool) -> None:
    page = watched(color_scheme=theme)
    found = {}
    for path in [*OWN, *MORE]:
        if ("{run}" in path) != of_runs:
            continue
        page.goto(path.format(run=finished, other=other))
        page.wait_for_timeout(400)
        if violations := _found(page):
            found[path] = violations
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_dialogue_keeps_a_reader_out(watched: Watched, finished: str, theme: str) -> None:
    page = watched(color_scheme=theme)
    page.goto(f"/?q=id:{finished}")
    page.locator("#rows input").first.click()
    page.locator("#bulk-bar").get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").wait_for()
    assert _found(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    assert _found(page) == []


def test_a_planted_fault_is_found(watched: Watched) -> None:
    page = watched()
    page.goto("/presets")
    page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert any(each.startswith("label") for each in _found(page))
