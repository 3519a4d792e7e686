"""Nothing on a page moves by itself while a run streams in: the browser's own measure of layout shift stays at 0."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes

WATCH = """
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
"""
TABS = ("curves", "training", "masks", "overlap", "movement", "spec", "log")
# A fiftieth of what is called good: a line of text that wraps within the room it has.
STILL = 0.002


def shifts(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.shifts")
    return found


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_nothing_moves_on_any_tab_of_a_live_run(watched: Watched, scope: Scope, width: int, height: int) -> None:
    run = scope.submit(
        name="Still",
        steps=250,
        eval_every=50,
        levels=3,
        replicates=2,
        branches=[{"kind": "reinit"}, {"kind": "random"}],
    )
    # Seven pages at once on a small machine: some load long before their turn.
    watched.expected = "was preloaded"
    pages = {}
    for tab in TABS:
        page = watched(width, height, fresh=True)
        page.add_init_script(WATCH)
        page.goto(f"/runs/{run}?tab={tab}")
        pages[tab] = page
    for page in pages.values():
        expect(page.locator("#state")).to_contain_text("finished", timeout=120_000)
    page.wait_for_timeout(1500)  # all of them go on meanwhile
    found = {tab: shifts(page) for tab, page in pages.items()}
    assert {tab: moved for tab, moved in found.items() if sum(each["value"] for each in moved) > STILL} == {}


def test_layers_of_a_mask_stay_when_scripts_come_late_to_a_phone(watched: Watched, finished: str) -> None:
    page = watched(390, 1600, fresh=True)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.add_init_script(WATCH)
    page.goto(f"/runs/{finished}?tab=masks")
    page.wait_for_selector("#matrix-a .main-svg")
    page.wait_for_timeout(1000)
    assert [each for each in shifts(page) if any("OL#layers" in what for what in each["what"])] == []


@pytest.mark.parametrize("path", ["/", "/workers", "/compare?q=Still"])
def test_nothing_moves_on_the_board_while_a_run_goes_on(watched: Watched, scope: Scope, path: str) -> None:
    run = scope.submit(name="Still on the board", steps=250, eval_every=50, levels=3)
    page = watched(fresh=True)
    page.add_init_script(WATCH)
    page.goto(path)
    becomes(page, f"fetch('/api/v1/runs/{run}').then(r => r.json()).then(r => r.state === 'finished')", 90)
    page.wait_for_timeout(1500)
    assert sum(each["value"] for each in shifts(page)) <= STILL, shifts(page)


def test_the_measure_sees_what_moves(watched: Watched, finished: str) -> None:
    page = watched(fresh=True)
    page.add_init_script(WATCH)
    page.goto(f"/runs/{finished}")
    page.wait_for_timeout(600)
    page.evaluate(
        "document.querySelector('main').prepend(Object.assign(document.createElement('p'), {textContent: 'New'}))"
    )
    becomes(page, f"window.shifts.some(each => each.value > {STILL})")
