"""What people type does nothing in a real browser, and a report draws its figure."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from app.store import Store
from tests.app.commands import environment
from tests.app.conftest import Hand
from tests.app.web.writing.test_hostile_texts import ATTACKS, MARK
from tests.browser.conftest import _until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'ticketscope.db'}", str(tmp_path / "artifacts"))
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def url(store: Store, tmp_path: Path) -> Iterator[str]:
    """A web without workers."""
    env = environment(tmp_path, BROKER_URL="redis://127.0.0.1:1/0")
    url = f"http://127.0.0.1:{env['TICKETSCOPE_PORT']}"
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "web"], env=env, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    try:
        _until(answers, 60)
        yield url
    finally:
        process.terminate()
        process.wait(15)


def test_nothing_of_it_acts_and_the_figure_is_drawn(browser: Browser, store: Store, url: str) -> None:
    hand = Hand(store)
    run = hand.run()
    for level, density in enumerate((1.0, 0.5, 0.2)):
        hand.outcome(level, density, 0.9)
    every = "\n\n".join(ATTACKS)
    store.update_run(run.id, name=ATTACKS[0], tags=[ATTACKS[1][:40]], notes=every)
    store.add_comment(every, run_id=run.id)
    link = f"/runs/{run.id}?tab=curves#figure-accuracy_vs_density"
    report = store.add_report(ATTACKS[2], f"{every}\n\n{link}\n\nafter")
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"{MARK} {dialog.message}"))
    page.add_init_script(f"window.acted = 0; window.{MARK} = () => {{ window.acted = 1; }};")
    for path in (
        f"/runs/{run.id}",
        f"/reports/{report.id}/edit",
        "/reports",
        "/",
        "/notifications",
        f"/reports/{report.id}",
    ):
        page.goto(f"{url}{path}")
        page.wait_for_load_state("load")
        assert page.evaluate("window.acted") == 0, path
    expect(page.locator("figure .js-plotly-plot")).to_have_count(1)
    expect(page.locator("figure .find")).to_contain_text("test accuracy")
    assert [address for address in asked if MARK in address] == []
    page.close()
