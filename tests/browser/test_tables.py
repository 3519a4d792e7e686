"""On a phone no table is cut off without a cue: its region shows an edge, takes the keyboard and has a name."""

from typing import Any

import pytest

from tests.browser.conftest import Watched

TABLES = """() => [...document.querySelectorAll('main table')].map(table => {
  let place = table.parentElement;
  const scrolls = (each) => ['auto', 'scroll'].includes(getComputedStyle(each).overflowX);
  while (place !== document.body && !scrolls(place)) place = place.parentElement;
  const over = place === document.body ? table.getBoundingClientRect().right > innerWidth + 1
    : place.scrollWidth > place.clientWidth + 1;
  const style = getComputedStyle(place);
  return {caption: table.caption?.textContent, over, scrolls: place !== document.body, tab: place.tabIndex,
    role: place.getAttribute('role'), name: place.getAttribute('aria-label'),
    shade: style.backgroundAttachment.includes('local') && style.backgroundImage.includes('gradient')};
})"""


@pytest.mark.parametrize(
    "path",
    [
        "/workers",
        "/runs/{run}",
        "/runs/{run}?tab=spec",
        "/runs/{run}?tab=overlap",
        "/runs/{run}?tab=log&all=1",
        "/protocol",
    ],
)
def test_a_table_beyond_the_edge_says_so(watched: Watched, finished: str, path: str) -> None:
    page = watched(390, 844, has_touch=True, is_mobile=True)
    page.goto(path.format(run=finished))
    page.wait_for_timeout(300)
    tables: list[dict[str, Any]] = page.evaluate(TABLES)
    for table in tables:
        if table["over"]:
            assert table["scrolls"], table
            assert table["shade"], table
            assert (table["tab"], table["role"]) == (0, "region"), table
            assert table["name"] == table["caption"], table


def test_the_keyboard_scrolls_a_wide_table(watched: Watched, finished: str) -> None:
    page = watched(390, 844)
    page.goto(f"/runs/{finished}")
    place = page.locator("#verdict .wide")
    assert place.evaluate("place => place.scrollWidth > place.clientWidth")
    place.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert place.evaluate("place => place.scrollLeft") > 0
