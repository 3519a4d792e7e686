"""The page of workers, live: loads move, and nothing else does."""

from playwright.sync_api import Page

from tests.browser.conftest import becomes

BOXES = """[...document.querySelectorAll("h1, #machines, #machines li > *, #live th")].map(node => {
  const { x, y, width, height } = node.getBoundingClientRect();
  return [x, y, width, height].map(Math.round).join();
})"""
TEXT = "document.querySelector('#machines').textContent"


def test_loads_move_and_nothing_else_does(page: Page) -> None:
    page.goto("/workers")
    becomes(page, "document.querySelectorAll('#machines .gauge').length >= 2")
    page.evaluate("window.kept = document.querySelector('#machines .gauge')")
    text, boxes = page.evaluate(TEXT), page.evaluate(BOXES)
    becomes(page, f"{TEXT} !== {text!r}")
    assert page.evaluate(BOXES) == boxes
    assert page.evaluate("window.kept.isConnected")
