"""Many windows at once: a browser opens six connections to a server, and none of the windows may wait for one."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched


@pytest.fixture
def windows(watched: Watched) -> list[Page]:
    """Nine visible windows of one browser profile."""
    first = watched()
    return [first, *(watched.another(first.context) for _ in range(8))]


def test_nine_windows_of_eight_runs_are_all_live(
    windows: list[Page], scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    runs = [scope.submit(name=f"Window {number}", steps=20) for number in range(8)]
    # Nothing happens in them until all windows are open.
    for run in runs:
        scope.client.post(f"/api/v1/runs/{run}/cancel")
    until(lambda: {scope.state(run) for run in runs} <= {"cancelled", "finished"})
    for page, run in zip(windows, runs, strict=False):
        page.goto(f"/runs/{run}?tab=spec")  # which has no figures
    windows[8].goto("/")
    expect(windows[7].locator("#state")).to_contain_text("cancelled")
    for run in runs:
        scope.client.post(f"/api/v1/runs/{run}/resume")
    for page in windows[:8]:
        expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    expect(windows[8].locator("tr", has_text="Window 7")).to_contain_text("finished")


def test_they_share_two_streams_and_leave_none_behind(
    windows: list[Page], scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    run = scope.submit(name="Shared", steps=20)
    for page in windows[:8]:
        page.goto(f"/runs/{run}?tab=spec")
    windows[8].goto("/")
    until(lambda: scope.viewers() == 2)
    for page in windows[:8]:
        page.close()
    until(lambda: scope.viewers() == 1)
    windows[8].close()
    until(lambda: scope.viewers() == 0)


def test_a_browser_without_shared_workers_has_a_stream_a_window(
    watched: Watched, scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    page = watched(fresh=True)
    page.add_init_script("delete window.SharedWorker")
    run = scope.submit(name="Alone", steps=20)
    page.goto(f"/runs/{run}?tab=spec")
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    assert scope.viewers() == 1


READERS = """async (id) => {
  const script = document.querySelector('script[src$="js/shell.js"]').src;
  const {HintStream} = await import(script.replace('shell.js', 'live/stream.js'));
  const stream = new HintStream('', false);
  const readers = Array.from({length: 8}, () => ({hint() {}, lost() {}}));
  const opened = new Promise((open) => {
    for (const reader of readers) stream.add(Object.assign(reader, {open}), [id]);
  });
  await Promise.race([opened, new Promise((_, fail) => setTimeout(() => fail(new Error('none is open')), 20_000))]);
  const answer = (await fetch('/healthz')).status;
  for (const reader of readers) stream.remove(reader);
  return answer;
}"""


def test_windows_that_open_at_once_take_one_connection(page: Page, finished: str) -> None:
    """Each replaces the stream of those before it, which may not have an answer yet: six would be all there are."""
    page.goto("/glossary")
    assert page.evaluate(READERS, finished) == 200


SILENT = """(id) => {
  const script = document.querySelector('script[src$="js/shell.js"]').src;
  const worker = new SharedWorker(script.replace('shell.js', 'live/shared.js'), {type: 'module', name: 'live'});
  worker.port.start();
  worker.port.postMessage({runs: [id], root: ''});
}"""


def test_a_window_that_answers_no_more_holds_no_stream(
    page: Page, scope: Scope, finished: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    """As one whose end nobody was told of."""
    page.goto("/glossary")
    page.evaluate(SILENT, finished)
    until(lambda: scope.viewers() == 1)
    until(lambda: scope.viewers() == 0)
