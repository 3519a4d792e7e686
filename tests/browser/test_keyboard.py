"""From an empty form to an exported figure without a mouse, on pages where axe-core finds nothing in either theme."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Download, Page, expect

from tests.browser.conftest import Scope, Watched
from tests.browser.visits import views

SMALL = {"seed": "0..2", "steps": "20", "eval_every": "20", "levels": "1", "replicates": "1"}

# Where the keyboard is, and whether a reader sees that: an outline, or the border of a field that has it.
HERE = """() => {
  const at = document.activeElement, look = getComputedStyle(at), box = at.getBoundingClientRect();
  const around = [at, at.closest("label, .box")].filter(Boolean).map((each) => getComputedStyle(each));
  return {at: at.tagName, id: at.id, text: (at.textContent ?? "").trim().slice(0, 60), export: at.dataset?.export ?? "",
    seen: box.width > 0 && around.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none")};
}"""


def _tab(page: Page, there: Callable[[dict[str, str]], bool], most: int = 250) -> None:
    """Press Tab until the keyboard is there; wherever it comes by, a reader sees it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        assert here["seen"] or here["at"] == "BODY", here
        if there(here):
            return
    raise AssertionError(f"Tab never came to it; it is at {page.evaluate(HERE)}")


def _ready(page: Page) -> None:
    expect(page.locator("#shortcuts")).to_be_visible()


def _sound(page: Page) -> None:
    assert {theme: view.violations for theme, view in views(page).items()} == {"light": [], "dark": []}


def _download(page: Page, kind: str) -> Download:
    _tab(page, lambda here: here["export"] == kind)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    return download.value


def test_a_sweep_is_submitted_compared_and_exported_without_a_mouse(
    watched: Watched, scope: Scope, until: Callable[[Callable[[], bool]], None], tmp_path: Path
) -> None:
    page = watched(1280, 900)
    page.goto("/presets")
    _ready(page)
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/new$"))
    _ready(page)
    for name, value in SMALL.items():
        _tab(page, lambda here, name=name: here["id"] == f"f-{name}")  # type: ignore[misc]
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(value)
    _sound(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sweeps/*")
    sweep = page.url.rpartition("/")[2]
    until(lambda: scope.client.get(f"/api/v1/sweeps/{sweep}").json()["state"] == "finished")
    expect(page.locator("#progress")).to_contain_text("3 of 3 runs ended")
    _ready(page)
    _sound(page)
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Board")).to_be_visible()
    _ready(page)
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search runs")).to_be_focused()
    page.keyboard.type(f"sweep:{sweep}")
    # Nothing is offered for a whole term, so Enter searches.
    expect(page.get_by_role("combobox", name="Search runs")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(3)
    _ready(page)
    for key in "jxjxjx":
        page.keyboard.press(key)
    expect(page.locator("#ticked")).to_have_text("3 runs")
    _sound(page)
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="3 runs compared")).to_be_visible()
    expect(page.locator("#figure-compared_accuracy .main-svg").first).to_be_visible()
    _ready(page)
    _sound(page)
    picture = _download(page, "png")
    assert picture.suggested_filename.endswith(".png")
    data = _download(page, "csv")
    data.save_as(tmp_path / "figure.csv")
    assert (tmp_path / "figure.csv").read_text().startswith("group,")
