"""The panel of one unit of a deep network: it stays short, whole numbers have whole ticks, and no path is guessed."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import load, save

from tests.browser.conftest import Scope, Watched

MANY = Path(__file__).parents[3] / "shared" / "cases" / "imports" / "many_layers.safetensors"
TICKS = """axis => [...document.querySelectorAll(`#unit-paths .${axis}tick text`)].map(each => each.textContent)"""


def shown(page: Page, scope: Scope, content: bytes) -> None:
    """Unit 1 of the first layer of such masks."""
    answer = scope.client.post("/api/v1/imports", files=[("files", (MANY.name, content))])
    page.goto(f"/runs/{answer.json()['id']}?tab=masks")
    page.wait_for_selector("#matrix-a .main-svg")
    page.locator("input[name=unit]").fill("1")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_unit_of_a_deep_network_reads(watched: Watched, scope: Scope, width: int) -> None:
    page = watched(width, 900)
    # By their names and sizes, a chain.
    tensors = {name.replace("shortcut", "reduce"): values for name, values in load(MANY.read_bytes()).items()}
    shown(page, scope, save(tensors))
    expect(page.locator("#unit-find")).to_have_text(
        "10 of 36 incoming weights are kept. Masks alone do not show the architecture: layers are read as one chain, "
        "in the order shown. 9 kept weights of the next layer use its output. It reaches 4 of 4 units "
        "of layer0.1.conv by 9 paths. No path of kept weights leads to layer1.0.reduce.0."
    )
    lines = page.locator("#unit-reached li")
    expect(lines).to_have_count(11)
    expect(lines.nth(9)).to_have_text("layer1.0.conv: 4 of 4 units by 1.52 × 10¹⁰ paths")
    expect(lines.last).to_have_text("layer1.0.reduce.0: 0 of 4 units by 0 paths")
    page.wait_for_selector("#unit-paths .main-svg")
    assert page.evaluate(TICKS, "x") == ["0", "1", "2", "3"]
    assert page.evaluate(TICKS, "y") == ["0", "1"]
    # A long list scrolls within its box.
    box = page.locator("#unit-reached").bounding_box()
    assert box is not None
    assert box["height"] < 150


def test_no_path_is_stated_through_a_network_with_a_shortcut(watched: Watched, scope: Scope) -> None:
    page = watched()
    shown(page, scope, MANY.read_bytes())
    expect(page.locator("#unit-find")).to_have_text(
        "10 of 36 incoming weights are kept. Paths are not stated: by its name, layer1.0.shortcut.0 is no link of a "
        "chain of layers, and masks alone do not show the architecture."
    )
    expect(page.locator("#unit-reached")).to_be_hidden()
    expect(page.locator("#unit-paths")).to_be_hidden()
    expect(page.locator("main")).not_to_contain_text("No path of kept weights")
    expect(page.locator("main")).not_to_contain_text("is cut at")
