"""Seconds between frames, 95th percentile, while 12 film strips of 256×256 play at 256×256 pixels in Chromium.

Each strip may cost 2 MB of pictures, or the measurement fails.
"""

from itertools import pairwise
from math import nan
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, sync_playwright

from benchmarks.live_latency import FLAGS, p95
from benchmarks.server import server
from tests.app.erased_run import write_run
from tests.chromium import find

NAME = "film_frame"
BOUND = 1 / 24

SIDE = 256
STEPS = 1_000
PLAYED_S = 8
MOST_BYTES = 2_000_000
OPTIMIZERS = dict.fromkeys(("sgd", "adam", "adamw", "muon"), (0.01, 0.1, 1.0))
# Notes, on every frame of the screen, when the wall is at another place than before.
WATCH = """
window.turns = [];
const look = (now) => {
  const drawn = Number(document.getElementById("wall")?.dataset.drawn ?? 0);
  if (drawn !== (turns.at(-1)?.[0] ?? 0)) turns.push([drawn, now]);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
FETCHED = """() => performance.getEntriesByType("resource").filter((each) => each.name.includes("/film/frame"))
  .map((each) => [each.name, each.encodedBodySize])"""
SHOWN = """() => [...document.querySelectorAll(".shot canvas")].map((canvas) => {
  const { width, top, bottom } = canvas.getBoundingClientRect();
  return [canvas.width, width, top >= 0 && bottom <= innerHeight];
})"""


def measure() -> float:
    """Play every film again and again as fast as the page offers."""
    with server(workers=0) as running, sync_playwright() as playwright:
        store = running.store()
        (run,) = write_run(store, OPTIMIZERS, widths=(SIDE,), steps=STEPS, twins=False)
        frames = len(run.spec.observed_steps())
        store.close()
        browser = playwright.chromium.launch(executable_path=find(whole=True), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1900})
        page.add_init_script(WATCH)
        page.goto(f"{running.url}/runs/{run.id}?tab=film&large=1")
        _until_fetched(page, len(run.cells) * frames)
        shown = page.evaluate(SHOWN)
        if shown != [[SIDE, SIDE, True]] * len(run.cells):
            return nan
        page.select_option("#film-speed", "60")
        page.check("#film-repeat")
        page.evaluate("turns.length = 0")
        page.click("#film-play")
        page.wait_for_timeout(1000 * PLAYED_S)
        turns = page.evaluate("turns")
        sizes: dict[tuple[str, str], int] = {}
        for address, size in page.evaluate(FETCHED):
            query = parse_qs(urlsplit(address).query)
            strip = query["optimizer"][0], query["lr"][0]
            sizes[strip] = sizes.get(strip, 0) + size
        browser.close()
    between = [(after - before) / 1000 for (_, before), (_, after) in pairwise(turns)]
    # Every turn of the slider was seen, and there were as many as such a film has.
    whole = all(after == before + 1 for (before, _), (after, _) in pairwise(turns))
    enough = len(between) >= PLAYED_S / BOUND * 0.95
    cheap = len(sizes) == len(run.cells) and max(sizes.values()) <= MOST_BYTES
    return p95(between) if whole and enough and cheap else nan


def _until_fetched(page: Page, many: int) -> None:
    for _ in range(600):
        if len(page.evaluate(FETCHED)) >= many:
            return
        page.wait_for_timeout(100)
    raise TimeoutError(f"{many} frames were not fetched within a minute")
