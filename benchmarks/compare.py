"""Seconds from a click on Compare to the first figure of 100 runs drawn in Chromium, the slower of three."""

import time
from math import nan

from playwright.sync_api import Page, sync_playwright

from benchmarks.live_latency import FLAGS
from benchmarks.server import server
from tests.app.compared_runs import write_runs
from tests.chromium import find

NAME = "compare_100"
BOUND = 1.0

RUNS = 100
ROUNDS = 3
# Notes when the first plot has a drawn line for each run.
WATCH = """
const look = () => {
  const lines = document.querySelectorAll("#figure-compared_accuracy .scatterlayer .trace").length;
  if (lines >= 100) window.drawnAt = Date.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def measure() -> float:
    """Measure one click: the board lists what a search finds, and the button compares it."""
    with server(workers=0) as running, sync_playwright() as playwright:
        store = running.store()
        write_runs(store, RUNS)
        # A lab's server has judged them long before.
        while store.unmeasured(1):
            time.sleep(0.2)
        store.close()
        browser = playwright.chromium.launch(executable_path=find(whole=True), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCH)
        times = [_once(page, running.url) for _ in range(ROUNDS)]
        browser.close()
    # The first round fills the caches that a lab's server has all day.
    return max(times[1:])


def _once(page: Page, url: str) -> float:
    page.goto(f"{url}/?q=levels:11")
    clicked = time.time()
    page.get_by_role("button", name="Compare", exact=True).click()
    deadline = clicked + 60
    while time.time() < deadline:
        drawn = page.evaluate("window.drawnAt ?? 0")
        if drawn:
            return float(drawn) / 1000 - clicked
        page.wait_for_timeout(20)
    return nan
