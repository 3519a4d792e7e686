"""Two people at once in two browsers: they come in, and forms and scripts go through with their tokens."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from app.store import Store
from tests.app.commands import environment
from tests.app.imports.files import Network
from tests.browser.accessible import violations
from tests.browser.conftest import Watched, _until

PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'ticketscope.db'}", str(tmp_path / "artifacts"))
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def people(browser: Browser, store: Store, tmp_path: Path) -> Iterator[Watched]:
    """A web with accounts, without workers, and browsers in front of it."""
    env = environment(tmp_path, BROKER_URL="redis://127.0.0.1:1/0")
    url = f"http://127.0.0.1:{env['TICKETSCOPE_PORT']}"
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "web"], env=env, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: _answers(url), 60)
        watched = Watched(browser, url)
        yield watched
        watched.close()
    finally:
        process.terminate()
        process.wait(15)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def come_in(page: Page, link: str, name: str) -> None:
    page.goto(f"/join?link={link}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    assert violations(page) == []
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()


def test_two_people_share_an_installation(people: Watched, store: Store, tmp_path: Path) -> None:
    ada, mia = people(), people()
    mia.goto("/")
    link = store.switch_accounts_on()
    assert link is not None
    come_in(ada, link, "ada")
    ada.get_by_role("link", name="People").click()
    ada.get_by_role("button", name="Make a link").click()
    assert violations(ada) == []
    address = ada.locator(".secret code").inner_text()
    come_in(mia, address.partition("link=")[2], "mia")

    # A form, a script that answers in place, and an upload.
    mia.goto("/presets")
    mia.locator("form[action$='/presets/digits-tickets/run'] button").click()
    mia.wait_for_url("**/runs/*")
    run = mia.url.rpartition("/")[2]
    mia.locator("form[data-quiet] button").click()
    expect(mia.locator("#state")).to_have_text("cancelled")
    file = tmp_path / "level0.safetensors"
    file.write_bytes(Network(3).ticket(0))
    mia.goto("/import")
    mia.set_input_files("#f-files", [str(file)])
    mia.click("button.go")
    expect(mia.locator("#preview")).to_be_visible()

    # Each sees whose it is; who does not own it is offered less.
    ada.goto(f"/?q=id:{run}")
    expect(ada.locator("#rows .owner")).to_have_text("MI")
    assert violations(ada) == []
    mia.goto("/?q=owner:me")
    expect(mia.locator("#rows .owner")).to_have_text("MI")
    mia.goto("/account")
    assert violations(mia) == []
    ada.goto("/audit")
    assert violations(ada) == []
    expect(ada.locator("table")).to_contain_text("cancel a run")

    # What an admin ends is over with the next click.
    ada.goto("/people")
    row = ada.locator("tr", has_text="mia")
    row.locator("summary").click()
    people.expected = "401"  # also of a page of hers that is open
    row.get_by_role("button", name="Yes, deactivate").click()
    expect(row).to_contain_text("deactivated member")
    mia.goto("/")
    mia.wait_for_url("**/login?next=*")
    assert violations(mia) == []
    mia.get_by_label("Name").fill("mia")
    mia.get_by_label("Password").fill(PASSWORD)
    people.expected = "422"
    mia.get_by_role("button", name="Log in").click()
    expect(mia.get_by_role("alert")).to_have_text("Name or password is wrong.")
    assert violations(mia) == []
