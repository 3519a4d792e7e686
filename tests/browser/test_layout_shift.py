"""Nothing on a page moves by itself while a run streams in: the browser's own measure of layout shift stays at 0."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Scope, Watched, becomes

# With what has moved before.
WATCH = """() => {
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const what = entry.sources.map(({node, previousRect: a, currentRect: b}) => {
      const el = node?.nodeType === 1 ? node : node?.parentElement;
      const name = el ? `${el.tagName}#${el.id}.${el.getAttribute('class')}` : 'gone';
      return `${name} ${a.x},${a.y},${a.width}x${a.height} to ${b.x},${b.y},${b.width}x${b.height}`;
    });
    window.shifts.push({value: entry.value, at: Math.round(entry.startTime), what});
  }
}).observe({type: 'layout-shift', buffered: true});
}"""
TABS = ("curves", "training", "masks", "overlap", "movement", "spec", "log")
# A fiftieth of what is called good: a line of text that wraps within the room it has.
STILL = 0.002


def shifts(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.shifts")
    return found


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_nothing_moves_on_any_tab_of_a_live_run(watched: Watched, scope: Scope, width: int, height: int) -> None:
    # Seven pages at once on a small machine: some load long before their turn.
    watched.expected = "was preloaded"
    first = watched(width, height)
    pages = dict(zip(TABS, [first, *(watched.another(first.context) for _ in TABS[1:])], strict=True))
    branches = [{"kind": "reinit"}, {"kind": "random"}]
    run = scope.submit(name="Still", steps=100, eval_every=50, levels=3, replicates=2, branches=branches)
    for tab, page in pages.items():
        page.goto(f"/runs/{run}?tab={tab}", wait_until="domcontentloaded")
    assert scope.state(run) in ("queued", "running")
    for page in pages.values():
        page.evaluate(WATCH)
    for page in pages.values():
        expect(page.locator("#state")).to_contain_text("finished", timeout=120_000)
    first.wait_for_timeout(1000)  # all of them go on meanwhile
    found = {tab: shifts(page) for tab, page in pages.items()}
    assert {tab: moved for tab, moved in found.items() if sum(each["value"] for each in moved) > STILL} == {}


def test_layers_of_a_mask_stay_when_scripts_come_late_to_a_phone(watched: Watched, finished: str) -> None:
    page = watched(390, 1600)
    held: list[Route] = []
    page.route("**/*.js", lambda route: held.append(route))
    page.goto(f"/runs/{finished}?tab=masks", wait_until="commit")
    page.locator("#layers li").last.wait_for()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert held
    page.unroute_all()  # which lets them through
    page.wait_for_selector("#matrix-a .main-svg")
    page.evaluate(WATCH)
    page.wait_for_timeout(500)
    assert [each for each in shifts(page) if any("OL#layers" in what for what in each["what"])] == []


def test_nothing_moves_on_the_board_while_a_run_goes_on(
    watched: Watched, scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    first = watched()
    pages = {path: watched.another(first.context) for path in ("/", "/workers", "/compare?q=Still")}
    run = scope.submit(name="Still on the board", steps=100, eval_every=50, levels=6)
    for path, page in pages.items():
        page.goto(path, wait_until="domcontentloaded")
    assert scope.state(run) in ("queued", "running")
    for page in pages.values():
        page.evaluate(WATCH)
    until(lambda: scope.state(run) == "finished")
    first.wait_for_timeout(1500)
    found = {path: shifts(page) for path, page in pages.items()}
    assert {path: moved for path, moved in found.items() if sum(each["value"] for each in moved) > STILL} == {}


MOVE = """() => document.querySelector('main').prepend(
  Object.assign(document.createElement('p'), {textContent: 'New'}))"""


def test_the_measure_sees_what_moves_and_what_moved_before(watched: Watched, finished: str) -> None:
    page = watched()
    page.goto(f"/runs/{finished}")
    page.wait_for_timeout(600)
    page.evaluate(MOVE)
    page.wait_for_timeout(200)
    page.evaluate(WATCH)
    becomes(page, f"window.shifts.some(each => each.value > {STILL})")
    before = page.evaluate("window.shifts.length")
    page.evaluate(MOVE)
    becomes(page, f"window.shifts.slice({before}).some(each => each.value > {STILL})")
