"""A live run's page follows the newest level until the reader chooses one; the address says which of the two."""

from collections.abc import Callable, Sequence

from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes

Until = Callable[[Callable[[], bool]], None]
SLIDER = 'input[type="range"][name="level"]'
LEVEL = f"Number(document.querySelector('{SLIDER}').value)"
FIND = {
    "training": "#figure-training_curves .find",
    "masks": "#atlas-find",
    "movement": "#figure-weight_movement .find",
}
BOX = ".newest input"


def started(watched: Watched, scope: Scope, until: Until, tabs: Sequence[str], levels: int) -> tuple[str, list[Page]]:
    """A run with something to show, by its id, and a window for each of these tabs of it."""
    first = watched()
    pages = [first, *(watched.another(first.context) for _ in tabs[1:])]
    run = scope.submit(name="Followed", steps=200, eval_every=100, levels=levels)
    until(lambda: bool(scope.client.get(f"/api/v1/runs/{run}/masks").json().get("tickets")))
    for page, tab in zip(pages, tabs, strict=True):
        page.goto(f"/runs/{run}?tab={tab}", wait_until="domcontentloaded")
    return run, pages


def test_the_newest_level_is_followed_to_the_last(watched: Watched, scope: Scope, until: Until) -> None:
    last = 14
    run, pages = started(watched, scope, until, list(FIND), last)
    for page in pages:
        expect(page.locator(BOX).first).to_be_checked()
        assert "level=" not in page.url
        assert page.evaluate(LEVEL) < last
    for page, find in zip(pages, FIND.values(), strict=True):
        expect(page.locator("#state")).to_contain_text("finished", timeout=120_000)
        becomes(page, f"{LEVEL} === {last}")
        expect(page.locator(find)).to_contain_text(f"evel {last}")
        # What is shown when the run has ended is what a reload shows.
        page.wait_for_url(f"**level={last}**")
        expect(page.locator(BOX).first).not_to_be_visible()
        page.reload()
        becomes(page, f"{LEVEL} === {last}")
    assert scope.state(run) == "finished"


def test_a_chosen_level_stays_and_following_is_one_press_away(watched: Watched, scope: Scope, until: Until) -> None:
    run, pages = started(watched, scope, until, ("training", "masks"), levels=60)
    newest = "Number(document.getElementById('newest').dataset.level)"
    for page in pages:
        page.wait_for_selector(".main-svg")
        becomes(page, f"{LEVEL} >= 1")
        page.focus(SLIDER)
        page.keyboard.press("Home")
        expect(page.locator(BOX).first).not_to_be_checked()
        page.wait_for_url("**level=0**")
    before = [page.evaluate(newest) for page in pages]
    for page, then in zip(pages, before, strict=True):
        becomes(page, f"{newest} > {then} + 1")
        assert page.evaluate(LEVEL) == 0
        page.reload()
        expect(page.locator(BOX).first).not_to_be_checked()
        assert page.evaluate(LEVEL) == 0
        page.check(BOX)
        becomes(page, f"{LEVEL} > {then}")
        assert "level=" not in page.url
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    until(lambda: scope.state(run) == "cancelled")
    for page in pages:
        page.wait_for_url("**level=**")


def test_another_option_does_not_end_the_following(watched: Watched, scope: Scope, until: Until) -> None:
    run, (page,) = started(watched, scope, until, ("training",), levels=60)
    page.wait_for_selector(".main-svg")
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
