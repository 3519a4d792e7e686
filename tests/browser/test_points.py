"""Points of a figure that lead to another view: only they do, they say so, and a tap reads instead."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes
from tests.browser.visits import Visits

BIG = "#figure-accuracy_vs_density"
HOVER = f"document.querySelector('{BIG} .hoverlayer').textContent"
AT = """(level) => {
  const plot = document.querySelector('#figure-accuracy_vs_density .plot');
  const trace = plot._fullData.find(t => t.meta?.role === 'winning_ticket' && t.meta?.part === 'mean');
  const k = [...trace.customdata].indexOf(level);
  const {xaxis, yaxis} = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  return [box.left + xaxis._offset + xaxis.d2p(trace.x[k]), box.top + yaxis._offset + yaxis.d2p(trace.y[k])];
}"""
CURSOR = f"getComputedStyle(document.querySelector('{BIG} .nsewdrag')).cursor"


def opened(page: Page, run: str) -> None:
    page.goto(f"/runs/{run}")
    page.wait_for_selector(f"{BIG} .plot .main-svg")
    page.locator(BIG).scroll_into_view_if_needed()
    becomes(page, f"document.querySelector('{BIG} .plot')._fullData?.some(t => t.customdata)")


def test_a_click_beside_a_marker_does_nothing(page: Page, finished: str) -> None:
    opened(page, finished)
    before = page.url
    x, y = page.evaluate(AT, 1)
    for dx, dy in ((0, 60), (40, 40), (25, 0)):
        page.mouse.move(x + dx, y + dy, steps=4)
        assert page.evaluate(CURSOR) != "pointer"
        page.mouse.click(x + dx, y + dy)
        page.wait_for_timeout(300)
        assert page.url == before
    assert not page.locator(f"{BIG} .lead").is_visible()


@pytest.mark.parametrize("level", [1, 2])
def test_a_click_on_a_marker_opens_the_masks_of_its_level(page: Page, finished: str, level: int) -> None:
    opened(page, finished)
    x, y = page.evaluate(AT, level)
    page.mouse.move(x + 2, y + 2, steps=4)
    becomes(page, f"{CURSOR} === 'pointer'")
    becomes(page, f"{HOVER}.includes('Click a marker to open its masks')")
    page.mouse.click(x + 2, y + 2)
    page.wait_for_url(re.compile(rf"tab=masks.*level={level}|level={level}.*tab=masks"))
    expect(page.locator("#level-words")).to_contain_text(f"{level} ")


def test_a_tap_reads_a_value_and_offers_the_masks_as_a_link(watched: Watched, finished: str) -> None:
    page = watched(390, 844, has_touch=True, is_mobile=True)
    opened(page, finished)
    before = page.url
    x, y = page.evaluate(AT, 1)
    page.touchscreen.tap(x, y)
    becomes(page, f"{HOVER}.includes('winning ticket')")
    assert "Click" not in page.evaluate(HOVER)
    page.wait_for_timeout(300)
    assert page.url == before
    expect(page.locator(f"{BIG} .lead")).to_have_text("Open the masks of level 1")
    # A plot that moved under the finger would hide what the finger reads.
    assert page.evaluate(AT, 1) == [x, y]
    page.locator(f"{BIG} .lead").tap()
    page.wait_for_url(re.compile("tab=masks"))
    assert "level=1" in page.url


def test_the_whole_axis_is_one_press_away_and_no_caption_asks_for_a_double_click(
    page: Page, scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    # A random mask at a few weights learns nothing: far below what the axis shows.
    run = scope.submit(
        name="Cut", steps=100, eval_every=100, levels=6, branches=[{"kind": "random"}],
        pruning={"kind": "global_magnitude", "rate": 0.6},
    )  # fmt: skip
    until(lambda: scope.state(run) == "finished")
    opened(page, run)
    ends: Any = f"document.querySelector('{BIG} .plot').layout.yaxis.range"
    low, high = page.evaluate(ends)
    expect(page.locator(f"{BIG} .foot .say")).to_contain_text(f"the axis starts at {low:g} %")
    page.click(f"{BIG} >> text=Full axis")
    becomes(page, f"({ends})[0] < {low}")
    lowest = f"""Math.min(...document.querySelector('{BIG} .plot')._fullData
      .filter(t => ['mean', 'replicate'].includes(t.meta?.part)).flatMap(t => [...t.y].filter(Number.isFinite)))"""
    assert page.evaluate(ends)[0] <= page.evaluate(lowest)
    expect(page.locator(f"{BIG} .axis")).to_have_attribute("aria-pressed", "true")
    assert not page.locator(f"{BIG} .reset").is_visible()
    page.click(f"{BIG} >> text=Full axis")
    becomes(page, f"({ends})[0] === {low}")
    assert page.evaluate(ends) == [low, high]


@pytest.mark.parametrize("coarse", [False, True])
def test_no_caption_asks_for_a_gesture_that_the_reader_does_not_have(
    visits: Visits, finished: str, coarse: bool
) -> None:
    tabs = ("", "?tab=training&level=1", "?tab=masks&level=1", "?tab=overlap", "?tab=movement")
    paths = [f"/runs/{finished}{tab}" for tab in tabs]
    pages = visits.phone(paths) if coarse else visits.desk(paths)
    for path, page in pages.items():
        assert "double-click" not in page.words, path
        assert not re.search(r"\bclick|\bpoint at|\bdrag\b" if coarse else r"\btap\b", page.words), path
    # There is such a caption, in the words of either reader.
    own = r"\btap\b" if coarse else r"\bclick|\bpoint at|\bdrag\b"
    assert any(re.search(own, page.words) for page in pages.values())
