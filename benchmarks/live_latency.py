"""From a measurement in the store to its pixel in a real Chromium with five pages of the run open.

This process plays the worker: it claims a shard and appends rows as a child does. A row's value is its step; every
frame the pages look at the largest step their plot has drawn. All clocks are this machine's one.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil

from playwright.sync_api import Page, sync_playwright

from app.contract.events import Measured, Started
from app.kinds.lottery.spec import LotteryKey
from app.kinds.presets import PRESETS
from app.queue import Queue
from app.store import Store
from app.store.claims import Claim
from benchmarks.server import server
from tests.chromium import find

PAGES = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Notes, on every frame, when the plot first shows a larger step than before (`data` holds packed numbers, `_fullData`
# what is drawn).
WATCH = """
window.drawn = [];
const look = () => {
  const plot = document.querySelector("#figure-training_curves .js-plotly-plot");
  const steps = (plot?._fullData ?? []).flatMap((trace) => Array.from(trace.x ?? [])).filter(Number.isFinite);
  const step = steps.length ? Math.max(...steps) : -1;
  if (!drawn.length || step > drawn.at(-1)[0]) drawn.push([step, Date.now() / 1000]);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@dataclass
class Feed:
    """A shard that this process claimed, and when each of its rows went into the store."""

    store: Store
    queue: Queue
    claim: Claim
    sent: list[tuple[int, float]] = field(default_factory=list)

    def measure(self) -> None:
        """Append one evaluation and wake the readers, as a child does."""
        step = len(self.sent)
        names = ("train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
        row = Measured(
            series="evaluation", key=LotteryKey(), columns={"step": [float(step)], **{name: [0.5] for name in names}}
        )
        self.sent.append((step, time.time()))
        seq = self.store.append(self.claim.shard_id, self.claim.token, [row], step)
        self.queue.wake(self.claim.run_id, seq)
        self.store.heartbeat(self.claim.shard_id, self.claim.token, None)


def measure_latencies(gaps_s: list[float]) -> list[float]:
    """Return seconds to the pixel for each row after the first, on every page.

    `gaps_s` are the pauses before the rows.
    """
    with feed() as (running_url, source), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(whole=True), args=FLAGS)
        pages = [browser.new_page(viewport={"width": 1280, "height": 820}) for _ in range(PAGES)]
        source.measure()
        for page in pages:
            page.add_init_script(WATCH)
            page.goto(f"{running_url}/runs/{source.claim.run_id}?tab=training")
        for page in pages:
            _wait_for(page, 0)
        time.sleep(2)
        for gap in gaps_s:
            time.sleep(gap)
            source.measure()
        for page in pages:
            _wait_for(page, source.sent[-1][0])
        latencies = [latency for page in pages for latency in _latencies(page, source.sent[1:])]
        browser.close()
        return latencies


def _wait_for(page: Page, step: int) -> None:
    """Wait until the plot shows `step`; the page's CSP forbids Playwright's own waiting by eval."""
    deadline = time.time() + 60
    while page.evaluate("window.drawn.at(-1)[0]") < step:
        if time.time() > deadline:
            raise TimeoutError(f"step {step} was not drawn within a minute")
        page.wait_for_timeout(20)


def _latencies(page: Page, sent: list[tuple[int, float]]) -> list[float]:
    """Return for each row the time until the plot showed it or a later one."""
    drawn = [(step, at) for step, at in page.evaluate("window.drawn")]
    return [next(at for shown, at in drawn if shown >= step) - sent_at for step, sent_at in sent]


@contextmanager
def feed() -> Iterator[tuple[str, Feed]]:
    """Yield a server without workers, and a shard of a run on it that this process has claimed and started."""
    with server(workers=0) as running:
        store, queue = running.store(), running.queue()
        spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1, "steps": 100_000})
        store.create_run(spec, name="live latency")
        claim = store.claim("cpu", "benchmark")
        assert claim is not None
        started = Started(replicate=0, attempt=1, worker="benchmark", plan={}, provenance={})
        store.start(claim.shard_id, claim.token, started)
        yield running.url, Feed(store, queue, claim)


def p95(values: list[float]) -> float:
    """Return the smallest value that at least 95 % of `values` do not exceed."""
    return sorted(values)[ceil(0.95 * len(values)) - 1]
