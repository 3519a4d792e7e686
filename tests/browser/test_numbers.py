"""Numbers of any size in the browser's words: as the server writes them."""

import pytest
from playwright.sync_api import Page

from app.plotting import words

WRITE = """async ([value, digits, whole]) => {
  const { significant } = await import(document.querySelector('script[src*="shell"]').src.replace('shell', 'numbers'));
  return significant(value, digits, whole);
}"""


@pytest.mark.parametrize("value", [0.05, 1.5, 99.96, 12_345, -99_999.6, 119_419_409_475.5, 4.56e-7])
def test_numbers_are_written_as_the_server_writes_them(page: Page, value: float) -> None:
    page.goto("/")
    assert page.evaluate(WRITE, [value, 4, True]) == words.significant(value, 4).replace(",", "")
    trimmed = page.evaluate(WRITE, [value, 4, False])
    assert trimmed == words.brief(value, 4).replace(",", "")
