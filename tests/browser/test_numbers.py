"""Numbers of any size in the browser's words: as the server writes them."""

from playwright.sync_api import Page

from app.plotting import words

WRITE = """async ([value, digits, whole]) => {
  const { significant } = await import(document.querySelector('script[src*="shell"]').src.replace('shell', 'numbers'));
  return significant(value, digits, whole);
}"""


VALUES = (0.05, 1.5, 99.96, 12_345, -99_999.6, 119_419_409_475.5, 4.56e-7)


def test_numbers_are_written_as_the_server_writes_them(page: Page) -> None:
    page.goto("/glossary")
    whole = {value: page.evaluate(WRITE, [value, 4, True]) for value in VALUES}
    assert whole == {value: words.significant(value, 4).replace(",", "") for value in VALUES}
    trimmed = {value: page.evaluate(WRITE, [value, 4, False]) for value in VALUES}
    assert trimmed == {value: words.brief(value, 4).replace(",", "") for value in VALUES}
