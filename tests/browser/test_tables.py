"""On a phone no table is cut off without a cue: its region shows an edge, takes the keyboard and has a name."""

import pytest

from tests.browser.conftest import Watched
from tests.browser.visits import Visits


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
def test_a_table_beyond_the_edge_says_so(visits: Visits, finished: str, path: str) -> None:
    (page,) = visits.phone([path.format(run=finished)]).values()
    for table in page.tables:
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
