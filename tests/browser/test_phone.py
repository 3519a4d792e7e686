"""What a phone shows of pages that were drawn for a desk: nothing is missing, cut off, covered or without a name."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Scope, Watched

BOX = """each => (({left, right, top, bottom}) => ({left, right, top, bottom}))(each.getBoundingClientRect())"""


def test_the_axis_of_densities_keeps_both_ends(watched: Watched, finished: str) -> None:
    page = watched(390, 844)
    page.goto(f"/runs/{finished}")
    page.wait_for_selector("#figure-accuracy_vs_density .main-svg")
    ticks: list[str] = page.evaluate(
        "[...document.querySelectorAll('#figure-accuracy_vs_density .xtick text')].map(each => each.textContent)"
    )
    assert "100" in ticks
    assert len([tick for tick in ticks if tick.strip()]) >= 2


def test_every_tab_of_a_run_is_in_sight(watched: Watched, finished: str) -> None:
    page = watched(390, 844)
    page.goto(f"/runs/{finished}")
    tabs: list[dict[str, float]] = [each.evaluate(BOX) for each in page.locator(".tabs a").all()]
    assert len(tabs) >= 7
    assert all(box["left"] >= 0 and box["right"] <= 390 for box in tabs)


def test_full_axis_is_at_the_edge_of_its_card(watched: Watched, finished: str) -> None:
    page = watched(390, 844)
    page.goto(f"/runs/{finished}")
    page.wait_for_selector("#figure-accuracy_vs_density .main-svg")
    card: dict[str, float] = page.locator("#figure-accuracy_vs_density .top").evaluate(BOX)
    button: dict[str, float] = page.locator("#figure-accuracy_vs_density .axis").evaluate(BOX)
    assert abs(card["right"] - button["right"]) < 2


def test_events_are_read_without_scrolling_sideways(watched: Watched, finished: str) -> None:
    page = watched(390, 844)
    page.goto(f"/runs/{finished}?tab=log&all=1")
    rows: list[dict[str, float]] = page.locator("table.log tbody tr").evaluate_all(f"all => all.map({BOX})")
    assert len(rows) > 10
    assert max(row["right"] for row in rows) <= 390
    heights = sorted(row["bottom"] - row["top"] for row in rows)
    assert heights[len(heights) // 2] < 70


def test_what_a_worker_does_has_a_name(watched: Watched, scope: Scope) -> None:
    page = watched(390, 844)
    page.goto("/workers")
    labels = (
        page.locator(".workers tbody tr")
        .first.locator("td.what, td.age")
        .evaluate_all("all => all.map(each => [getComputedStyle(each, '::before').content, each.innerText.trim()])")
    )
    assert [text for label, text in labels if text.startswith("–") and label in ("none", "normal")] == []
    assert any("working on" in label for label, _ in labels)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_covers_the_question_of_an_import(watched: Watched, width: int) -> None:
    page = watched(width, 844)
    page.goto("/import")
    page.evaluate("document.getElementById('one-means').hidden = false")
    radio = page.locator("#one-means input").first
    page.evaluate("document.getElementById('one-means').scrollIntoView({block: 'end'})")
    box: dict[str, Any] = radio.evaluate(BOX)
    there = page.evaluate(
        "({x, y}) => document.elementFromPoint(x, y)?.closest('#one-means') !== null",
        {"x": (box["left"] + box["right"]) / 2, "y": (box["top"] + box["bottom"]) / 2},
    )
    assert there


def test_a_table_of_two_controls_needs_no_scrolling(watched: Watched, finished: str) -> None:
    page = watched(1280, 900)
    page.goto(f"/runs/{finished}")
    table = page.locator("#verdict .wide")
    expect(table).to_be_visible()
    assert table.evaluate("each => each.scrollWidth - each.clientWidth") <= 1
