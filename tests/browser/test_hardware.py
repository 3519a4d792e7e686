"""The page Hardware in a browser: an invitation becomes a measurement, whose figures answer to their controls."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Scope, Watched, becomes

SPEC = {
    "kind": "hardware", "layers": [[64, 32], [32, 16]], "densities": [0.5, 0.1], "formats": ["csr", "structured"],
    "repeats": 7, "replicates": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def measured(scope: Scope) -> str:
    """A measurement that has been submitted; its id."""
    answer = scope.client.post("/api/v1/runs", json={"name": "Two small layers", "spec": SPEC})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_measurement_is_drawn_and_another_layer_can_be_chosen(watched: Watched, measured: str) -> None:
    page = watched()
    page.goto(f"/runs/{measured}")
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    page.goto(f"/hardware?run={measured}")
    expect(page.locator("#find-speedup_vs_density")).to_contain_text("Inference of 64×32")
    page.wait_for_selector("#figure-speedup_vs_density .main-svg")
    card = page.locator("#figure-speedup_vs_density")
    card.get_by_label("layer").select_option("32x16")
    expect(page.locator("#find-speedup_vs_density")).to_contain_text("Inference of 32×16")
    card.get_by_label("mode").select_option("training")
    expect(page.locator("#find-speedup_vs_density")).to_contain_text("Training of 32×16")
    names = "document.querySelector('#figure-speedup_vs_density .plot').data.map(t => t.name).filter(Boolean)"
    becomes(page, f"JSON.stringify({names}) === JSON.stringify(['1/density', 'dense', 'CSR', 'structured'])")
    assert "layer=32x16" in page.url


def test_formats_have_their_colours_in_both_themes(
    watched: Watched, scope: Scope, measured: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    until(lambda: scope.state(measured) == "finished")
    page = watched(color_scheme="dark")
    page.goto(f"/hardware?run={measured}")
    page.wait_for_selector("#figure-speedup_vs_density .main-svg")
    color = """document.querySelector('#figure-speedup_vs_density .plot').data
      .find(t => t.name === 'CSR' && t.meta?.part === 'mean').line.color"""
    assert page.evaluate(color) == "rgb(91, 155, 224)"
    page.emulate_media(color_scheme="light")
    becomes(page, f"{color} === 'rgb(53, 120, 189)'")


def test_boxes_of_the_form_work_with_the_keyboard_alone(watched: Watched) -> None:
    watched.expected = "422"
    page = watched(java_script_enabled=False)
    page.goto("/new?kind=hardware")
    for name in ("inference", "training"):
        box = page.get_by_role("checkbox", name=name)
        box.focus()
        page.keyboard.press("Space")
        expect(box).not_to_be_checked()
    page.fill("#f-densities", "0.1")
    page.get_by_role("button", name="Start the run").press("Enter")
    expect(page.locator("#f-modes-error")).to_have_text("Modes needs at least one")
    expect(page.locator("#f-densities")).to_have_value("0.1")
