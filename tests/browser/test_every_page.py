"""Every page in both themes and on a phone; forms with mistakes and without a script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes
from tests.browser.visits import OWN, PAGES, PAPER, Visits


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_opens_without_a_complaint(visits: Visits, finished: str, swept: str, theme: str) -> None:
    for path, visit in visits.desk([path.format(run=finished, sweep=swept) for path in PAGES]).items():
        assert visit.complaints == [], path
        if path != "/docs":
            assert visit.views[theme].paper == PAPER[theme], path


def test_no_page_is_wider_than_a_phone(visits: Visits, finished: str, swept: str) -> None:
    for path, page in visits.phone([path.format(run=finished, sweep=swept) for path in (*OWN, "/nowhere")]).items():
        assert page.over <= 0, f"{path} is {page.over} px too wide"


def test_the_theme_switch_is_live_and_stays(watched: Watched, finished: str) -> None:
    page = watched(color_scheme="light")
    page.goto(f"/runs/{finished}")
    page.wait_for_selector("#figure-accuracy_vs_density .main-svg")
    ticket = """() => document.querySelector('#figure-accuracy_vs_density .plot').data
      .find(t => t.meta?.role === 'winning_ticket' && t.meta?.part === 'mean').line.color"""
    assert page.evaluate(ticket) == "rgb(190, 123, 0)"
    page.click("text=Dark")
    becomes(page, f"({ticket})() === 'rgb(240, 173, 46)'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["dark"]
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["dark"]
    page.click("text=System")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["light"]
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("#figure-accuracy_vs_density .main-svg")
    becomes(page, f"({ticket})() === 'rgb(240, 173, 46)'")


def test_a_mistake_in_the_form_has_the_focus_and_nothing_is_lost(watched: Watched) -> None:
    watched.expected = "422"
    page = watched()
    page.goto("/new")
    page.click('label:has-text("SGD")')
    page.fill("#f-optimizer-sgd-lr", "fast")
    page.fill("#f-notes", "kept")
    page.click("text=Start the run")
    expect(page.locator("#f-optimizer-sgd-lr-error")).to_have_text("Learning rate must be a number")
    assert page.evaluate("document.activeElement.id") == "f-optimizer-sgd-lr"
    expect(page.locator("#f-optimizer-sgd-lr")).to_have_value("fast")
    expect(page.locator("#f-notes")).to_have_value("kept")


def test_a_choice_brings_its_fields_without_a_script(watched: Watched, scope: Scope) -> None:
    page = watched(java_script_enabled=False)
    page.goto("/new")
    expect(page.locator("#f-optimizer-sgd-momentum")).not_to_be_visible()
    page.click('label:has-text("SGD")')
    expect(page.locator("#f-optimizer-sgd-momentum")).to_be_visible()
    expect(page.locator("#f-optimizer-adam-betas")).not_to_be_visible()
    page.fill("#f-optimizer-sgd-momentum", "0.9")
    for path, value in (("steps", "20"), ("eval_every", "20"), ("levels", "1"), ("replicates", "1")):
        page.fill(f"#f-{path}", value)
    page.click("text=Start the run")
    run = scope.run(page.url.rsplit("/", 1)[-1])
    assert run["spec"]["optimizer"] == {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    expect(page.locator("#figure-accuracy_vs_density .find")).not_to_be_empty()


def test_the_board_moves_by_itself(page: Page, scope: Scope) -> None:
    page.goto("/")
    run_id = scope.submit(name="Appears on the board", steps=100)
    row = page.locator(f"#run-{run_id}")
    expect(row).to_contain_text("Appears on the board")
    expect(row).to_contain_text("finished", timeout=60_000)


def test_the_skip_link_comes_first(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(visits: Visits, finished: str, theme: str) -> None:
    of_run = (f"/runs/{finished}", f"/runs/{finished}?tab=spec")
    for path, visit in visits.desk(["/", "/new", "/compare?q=kind:lottery", *of_run, "/workers", "/protocol"]).items():
        assert visit.views[theme].faint == [], path
