"""Keyboard shortcuts: those of the sheet act, and none of them does where a reader writes."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched


def _ready(page: Page) -> None:
    """The script that listens is there."""
    expect(page.locator("#shortcuts")).to_be_visible()


def test_the_board_is_walked_ticked_and_compared_by_keys(watched: Watched, scope: Scope) -> None:
    for i in range(4):
        scope.submit(name=f"keys {i}")
    page = watched()
    page.goto("/?q=name:keys")
    _ready(page)
    for key, name in (("j", "keys 3"), ("j", "keys 2"), ("j", "keys 1"), ("k", "keys 2")):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#ticked")).to_have_text("1 run")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("#ticked")).to_have_text("3 runs")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="3 runs compared")).to_be_visible()
    _ready(page)
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Board")).to_be_visible()
    page.goto("/?q=name:keys")
    _ready(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="keys 3")).to_be_visible()
    _ready(page)
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/new$"))


def test_they_never_act_where_a_reader_writes(watched: Watched) -> None:
    page = watched()
    page.goto("/")
    _ready(page)
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search runs")
    expect(field).to_be_focused()
    page.keyboard.type("n?gb/jx c")
    expect(field).to_have_value("n?gb/jx c")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("/new")
    _ready(page)
    page.locator("#f-notes").focus()
    page.keyboard.type("n?")
    expect(page.locator("#f-notes")).to_have_value("n?")
    page.keyboard.press("Control+b")
    expect(page).to_have_url(re.compile("/new$"))


def test_the_sheet_lists_them_all_and_switches_them_off(watched: Watched) -> None:
    page = watched()
    page.goto("/workers")
    _ready(page)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet.get_by_role("row")).to_have_count(14)
    page.keyboard.press("n")  # nothing acts behind the sheet
    expect(sheet).to_be_visible()
    sheet.get_by_role("checkbox").uncheck()
    page.keyboard.press("?")
    expect(sheet).to_have_count(0)
    page.keyboard.press("n")
    page.wait_for_timeout(200)
    expect(page).to_have_url(re.compile("/workers$"))
    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Presets")).to_be_visible()
