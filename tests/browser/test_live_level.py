"""A live run's page follows the newest level until the reader chooses one; the address says which of the two."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes

SLIDER = 'input[type="range"][name="level"]'
LEVEL = f"Number(document.querySelector('{SLIDER}').value)"
FIND = {
    "training": "#figure-training_curves .find",
    "masks": "#atlas-find",
    "movement": "#figure-weight_movement .find",
}
BOX = ".newest input"


def started(page: Page, scope: Scope, tab: str, levels: int = 8) -> str:
    """A run with something to show under `tab`; its id."""
    run = scope.submit(name=f"Followed in {tab}", steps=200, eval_every=100, levels=levels)
    page.goto(f"/runs/{run}?tab=curves")
    becomes(page, "document.querySelector('#progress progress').value > 0")
    becomes(page, f"fetch('/api/v1/runs/{run}/masks').then(r => r.json()).then(m => m.tickets.length > 0)")
    page.goto(f"/runs/{run}?tab={tab}")
    page.wait_for_selector(".main-svg")
    return run


@pytest.mark.parametrize("tab", ["training", "masks", "movement"])
def test_the_newest_level_is_followed_to_the_last(page: Page, scope: Scope, tab: str) -> None:
    run = started(page, scope, tab)
    expect(page.locator(BOX).first).to_be_checked()
    assert "level=" not in page.url
    assert page.evaluate(LEVEL) < 8
    expect(page.locator("#state")).to_contain_text("finished", timeout=120_000)
    becomes(page, f"{LEVEL} === 8")
    expect(page.locator(FIND[tab])).to_contain_text("evel 8")
    # What is shown when the run has ended is what a reload shows.
    page.wait_for_url("**level=8**")
    expect(page.locator(BOX).first).not_to_be_visible()
    page.reload()
    becomes(page, f"{LEVEL} === 8")
    assert scope.state(run) == "finished"


@pytest.mark.parametrize("tab", ["training", "masks"])
def test_a_chosen_level_stays_and_following_is_one_press_away(
    page: Page, scope: Scope, until: Callable[[Callable[[], bool]], None], tab: str
) -> None:
    run = started(page, scope, tab, levels=30)
    becomes(page, f"{LEVEL} >= 1")
    page.focus(SLIDER)
    page.keyboard.press("Home")
    expect(page.locator(BOX).first).not_to_be_checked()
    page.wait_for_url("**level=0**")
    newest = "Number(document.getElementById('newest').dataset.level)"
    before = page.evaluate(newest)
    becomes(page, f"{newest} > {before} + 1")
    assert page.evaluate(LEVEL) == 0
    page.reload()
    expect(page.locator(BOX).first).not_to_be_checked()
    assert page.evaluate(LEVEL) == 0
    page.check(BOX)
    becomes(page, f"{LEVEL} > {before}")
    assert "level=" not in page.url
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    until(lambda: scope.state(run) == "cancelled")
    page.wait_for_url("**level=**")


def test_another_option_does_not_end_the_following(page: Page, scope: Scope) -> None:
    run = started(page, scope, "training", levels=30)
    page.select_option('select[name="metric"]', "test_loss")
    page.wait_for_url("**metric=test_loss**")
    assert "level=" not in page.url
    expect(page.locator(BOX)).to_be_checked()
    first = page.evaluate(LEVEL)
    becomes(page, f"{LEVEL} > {first}")
    scope.client.post(f"/api/v1/runs/{run}/cancel")


def test_a_finished_run_has_nothing_to_follow(watched: Watched, finished: str) -> None:
    page = watched()
    page.goto(f"/runs/{finished}?tab=training")
    assert page.locator(BOX).count() == 0
