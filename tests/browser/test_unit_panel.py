"""The panel of one unit of a deep network: it stays short, and whole numbers have whole ticks."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Scope, Watched

MANY = Path(__file__).parents[3] / "shared" / "cases" / "imports" / "many_layers.safetensors"
TICKS = """axis => [...document.querySelectorAll(`#unit-paths .${axis}tick text`)].map(each => each.textContent)"""


@pytest.mark.parametrize("width", [1280, 390])
def test_a_unit_of_a_deep_network_reads(watched: Watched, scope: Scope, width: int) -> None:
    answer = scope.client.post("/api/v1/imports", files=[("files", (MANY.name, MANY.read_bytes()))])
    page = watched(width, 900)
    page.goto(f"/runs/{answer.json()['id']}?tab=masks")
    page.wait_for_selector("#matrix-a .main-svg")
    page.locator("input[name=unit]").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("#unit-find")).to_have_text(
        "10 of 36 incoming weights are kept. 9 kept weights of the next layer use its output. It reaches 4 of 4 units "
        "of layer0.1.conv by 9 paths. No path of kept weights leads to layer1.0.shortcut.0."
    )
    lines = page.locator("#unit-reached li")
    expect(lines).to_have_count(11)
    expect(lines.nth(9)).to_have_text("layer1.0.conv: 4 of 4 units by 1.52 × 10¹⁰ paths")
    expect(lines.last).to_have_text("layer1.0.shortcut.0: 0 of 4 units by 0 paths")
    page.wait_for_selector("#unit-paths .main-svg")
    assert page.evaluate(TICKS, "x") == ["0", "1", "2", "3"]
    assert page.evaluate(TICKS, "y") == ["0", "1"]
    # A long list scrolls within its box.
    box = page.locator("#unit-reached").bounding_box()
    assert box is not None
    assert box["height"] < 150
