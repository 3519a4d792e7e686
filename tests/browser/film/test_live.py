"""Frames that arrive while a run is trained, answers that come late, and answers that never come."""

from contextlib import suppress

from playwright.sync_api import Error, Page, Route, expect

from app.store import Store
from benchmarks.server import Server
from tests.app.erased_run import ErasedRun, erasure_spec
from tests.browser.conftest import Watched, becomes
from tests.browser.film.wall import OPTIMIZERS, SGD, SIDE, go, shot, shows, step


def test_words_that_come_late_are_not_put_over_newer_ones(watched: Watched, run: ErasedRun) -> None:
    page = watched()
    go(page, run)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "x-live" in route.request.headers and "replicate=1" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    page.select_option("select[name=replicate]", "1")
    page.wait_for_function("location.search.includes('replicate=1')")
    with page.expect_response(lambda answer: "x-live" in answer.request.headers):
        page.select_option("select[name=replicate]", "0")
    for route in held:
        with suppress(Error):  # it may have been taken back
            route.continue_()
    page.wait_for_timeout(500)
    assert held
    expect(page.locator("#film-find")).to_contain_text("Replicate 0")


def test_frames_arrive_and_only_new_ones_are_fetched(page: Page, lab: Server, store: Store) -> None:
    run = ErasedRun(store, erasure_spec(OPTIMIZERS, widths=(SIDE,), twins=False))
    queue = lab.queue()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/film/frame" in request.url else None)
    go(page, run)
    expect(page.locator(f"{shot(SGD)} .over")).to_have_text("waiting")
    page.evaluate("() => { window.here = true; }")
    height = page.evaluate("document.getElementById('film').getBoundingClientRect().height")
    for at in (0, 1):
        run.frame(SGD, at)
    queue.wake(run.id, store.run(run.id).last_seq)
    step(page, SGD, "step 1")
    expect(page.locator(f"{shot(SGD)} .note")).to_have_text("live")
    shows(page, lab, run, SGD, 1, theme="light")
    becomes(page, "performance.getEntriesByType('resource').filter((e) => e.name.includes('/film/frame')).length >= 2")
    before = len(asked)
    run.frame(SGD, 2)
    queue.wake(run.id, store.run(run.id).last_seq)
    step(page, SGD, "step 2")
    shows(page, lab, run, SGD, 2, theme="light")
    assert ["step=2" in url for url in asked[before:]] == [True]
    for at in run.spec.observed_steps()[3:]:
        run.frame(SGD, at)
    run.end(SGD)
    queue.wake(run.id, store.run(run.id).last_seq)
    step(page, SGD, "step 100")
    expect(page.locator(f"{shot(SGD)} .note")).to_have_text("")
    expect(page.locator("#film-find")).to_contain_text("of 1 finished training erased the picture")
    assert page.evaluate("document.getElementById('film').getBoundingClientRect().height") == height
    assert page.evaluate("window.here"), "the page was loaded again"
    for cell in run.cells[1:]:
        run.train(cell)
    run.finish()
    queue.close()


def test_one_that_cannot_be_fetched_says_so(watched: Watched, run: ErasedRun) -> None:
    watched.expected = "Failed to load resource"
    page = watched()
    page.route("**/film?*", lambda route: route.abort())
    page.goto(f"/runs/{run.id}?tab=film")
    expect(page.locator("#film-means")).to_contain_text("could not be loaded")
