"""The board by hand: a search completed from the keyboard, columns chosen, runs ticked and compared."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched


@pytest.fixture(scope="module")
def trained(scope: Scope, until: Callable[[Callable[[], bool]], None]) -> list[str]:
    """Three finished runs, of Adam and of SGD at two rates."""
    optimizers: list[dict[str, Any]] = [
        {"kind": "adam", "lr": 0.0012}, {"kind": "sgd", "lr": 0.1}, {"kind": "sgd", "lr": 0.3},
    ]  # fmt: skip
    ids = [scope.submit(name=f"board {i}", optimizer=each) for i, each in enumerate(optimizers)]
    until(lambda: all(scope.state(run) == "finished" for run in ids))
    return ids


def test_a_search_is_completed_from_the_keyboard(watched: Watched, trained: list[str]) -> None:
    page = watched()
    page.goto("/")
    field = page.get_by_role("combobox", name="Search runs")
    field.press_sequentially("opti")
    expect(page.get_by_role("option", name="optimizer:")).to_be_visible()
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant")
    field.press("Enter")
    expect(field).to_have_value("optimizer:")
    field.press_sequentially("mom")
    expect(page.get_by_role("option")).to_have_text(["momentum_sgd"])
    for _ in range(3):
        field.press("Backspace")
    field.press_sequentially("ad")
    expect(page.get_by_role("option")).to_have_text(["adam", "adamw"])
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.press_sequentially("am -state:fai")
    expect(page.get_by_role("option")).to_have_text(["failed"])
    page.get_by_role("option", name="failed").click()
    expect(field).to_have_value("optimizer:adam -state:failed ")
    field.press("Enter")
    expect(page).to_have_url(re.compile(r"q=optimizer%3Aadam"))
    names = page.locator("#rows .name")
    expect(names.get_by_text("board 0")).to_be_visible()
    expect(names.get_by_text("board 1")).to_have_count(0)


def test_ticked_runs_stay_ticked_and_are_compared(watched: Watched, scope: Scope, trained: list[str]) -> None:
    page = watched()
    page.goto("/?q=name:board")
    for name in ("board 0", "board 2"):
        page.get_by_label(f"Compare {name}").check()
    # The table renews itself when a run comes.
    other = scope.submit(name="board 3")
    expect(page.locator(f"#run-{other}")).to_be_visible()
    assert page.get_by_label("Compare board 0").is_checked()
    assert not page.get_by_label("Compare board 1").is_checked()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="2 runs compared")).to_be_visible()
    expect(page.locator("#figure-compared_accuracy .plot path.js-line")).not_to_have_count(0)
    page.get_by_label("Group by").select_option("optimizer")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#figure-compared_accuracy .find")).to_contain_text("sgd")
    csv = page.locator('#figure-compared_accuracy a[data-export="csv"]').get_attribute("href")
    assert csv
    assert scope.client.get(csv).text.startswith("group,runs,density,replicate,accuracy")


def test_columns_are_chosen_and_rows_are_compact(watched: Watched, trained: list[str]) -> None:
    page = watched()
    page.goto("/?q=name:board")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="steps").check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="steps")).to_be_visible()
    heights = page.evaluate("[...document.querySelectorAll('#rows tr')].map(row => row.getBoundingClientRect().height)")
    top = page.evaluate("document.getElementById('rows').getBoundingClientRect().top")
    assert (900 - top) / max(heights) >= 20
    _fits(page)
    phone = watched(390, 844)
    phone.goto("/?q=name:board")
    _fits(phone)


def _fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
