"""A run that one person publishes and another reads in a browser without an account, until the link is revoked."""

from playwright.sync_api import expect

from app.store import Store
from app.store.acting import Actor, as_person
from tests.app.compared_runs import write_runs
from tests.browser.accessible import violations
from tests.browser.conftest import Watched
from tests.browser.test_accounts import come_in
from tests.browser.test_accounts import people as people
from tests.browser.test_accounts import store as store


def test_a_published_run_is_read_until_it_is_revoked(people: Watched, store: Store) -> None:
    link = store.switch_accounts_on()
    assert link is not None
    ada, reader = people(), people(390, 844)
    come_in(ada, link, "ada")
    with as_person(Actor(store.people_page("", "", 1)[0].id, "ada")):
        (run,) = write_runs(store, 1, replicates=1, levels=3, points=3)
        store.new_project("Tickets")
    ada.goto(f"/runs/{run.id}")
    ada.get_by_role("link", name="Publish").click()
    ada.get_by_role("button", name="Publish a link").click()
    assert violations(ada) == []
    reader.goto(ada.locator(".secret code").inner_text())
    expect(reader.locator("#figure-accuracy_vs_density .js-plotly-plot")).to_be_visible()
    assert violations(reader) == []
    with reader.expect_download() as saved:
        reader.get_by_role("button", name="Test accuracy against density as PNG").click()
    assert saved.value.suggested_filename == f"{run.id}-accuracy_vs_density.png"

    for path in ("/projects", "/account"):
        ada.goto(path)
        assert violations(ada) == []
    people.expected = "404"
    ada.get_by_role("button", name="Revoke the link").click()
    expect(reader.locator("#published-over")).to_be_visible(timeout=30_000)
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_have_text("There is nothing at this address.")
