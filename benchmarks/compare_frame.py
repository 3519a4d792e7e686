"""The longest time between two frames, in seconds, of a page that compares 10 runs while they go on.

Each run measures two rows a second. Anything that moves on the page meanwhile fails the measurement.
"""

import time
from math import nan

from playwright.sync_api import sync_playwright

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
from benchmarks.live_latency import FLAGS
from benchmarks.server import server
from tests.app.compared_runs import begin_runs
from tests.chromium import find

NAME = "compare_frame"
BOUND = 0.1

RUNS = 10
ROWS = 20
COLUMNS = ("train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
WATCH = """
window.gaps = []; window.moved = 0;
let before = 0;
const look = (now) => { if (before) gaps.push(now - before); before = now; requestAnimationFrame(look); };
requestAnimationFrame(look);
const shifts = (list) => { for (const each of list.getEntries()) moved += each.value; };
new PerformanceObserver(shifts).observe({ type: "layout-shift" });
"""


def measure() -> float:
    """Write rows as ten workers would, and look at every frame meanwhile."""
    with server(workers=0) as running, sync_playwright() as playwright:
        store, queue = running.store(), running.queue()
        claims = begin_runs(store, RUNS)
        browser = playwright.chromium.launch(executable_path=find(whole=True), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 4000})
        page.goto(f"{running.url}/compare?runs={','.join(claim.run_id for claim in claims)}")
        page.wait_for_selector("#figure-compared_training .main-svg")
        page.wait_for_timeout(3_000)
        for claim in claims:
            store.heartbeat(claim.shard_id, claim.token, None)
        page.evaluate(WATCH)
        for row in range(ROWS):
            for claim in claims:
                columns = {"step": [float(10 * row)], **{name: [0.5 + row / 100] for name in COLUMNS}}
                event = Measured(series="evaluation", key=LotteryKey(), columns=columns)
                seq = store.append(claim.shard_id, claim.token, [event], row)
                queue.wake(claim.run_id, seq)
                store.heartbeat(claim.shard_id, claim.token, None)
            time.sleep(0.5)
        page.wait_for_timeout(1_500)
        gaps, moved = page.evaluate("window.gaps"), page.evaluate("window.moved")
        lines = page.evaluate('document.querySelectorAll("#figure-compared_training .scatterlayer .trace").length')
        browser.close()
        store.close()
        queue.close()
    return max(gaps) / 1000 if lines == RUNS and not moved else nan
