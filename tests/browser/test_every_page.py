"""Every page in both themes and on a phone; forms with mistakes and without a script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched, becomes

PAGES = ("/", "/sweeps", "/new", "/new?extend={run}", "/new?kind=hardware", "/hardware", "/presets", "/workers", "/bin",
         "/protocol", "/docs", "/runs/{run}",
         "/runs/{run}?tab=training&level=1", "/runs/{run}?tab=movement", "/runs/{run}?tab=movement&view=scatter",
         "/runs/{run}?tab=masks&level=1",
         "/runs/{run}?tab=overlap", "/import", "/compare?runs={run}", "/compare",
         "/compare?q=kind:lottery&smoothing=20", "/runs/{run}?tab=spec", "/runs/{run}?tab=log&all=1")  # fmt: skip
PAPER = {"light": "rgb(250, 249, 246)", "dark": "rgb(19, 19, 23)"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_opens_without_a_complaint(watched: Watched, finished: str, theme: str) -> None:
    page = watched(color_scheme=theme)
    for path in PAGES:
        page.goto(path.format(run=finished))
        if "/runs/" in path and "spec" not in path and "log" not in path:
            page.wait_for_selector(".plot .main-svg, .matrix .main-svg")
        if path != "/docs":
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER[theme]


def test_no_page_is_wider_than_a_phone(watched: Watched, scope: Scope, finished: str) -> None:
    scope.submit(name="<b>A name</b> that is long " + "and-without-a-space" * 8, steps=1, eval_every=1, levels=1)
    page = watched(390, 844, has_touch=True)
    for path in (*(path for path in PAGES if path != "/docs"), "/nowhere"):
        watched.expected = "404" if path == "/nowhere" else ""
        page.goto(path.format(run=finished))
        page.wait_for_timeout(300)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{path} is {over} px too wide"


def test_the_theme_switch_is_live_and_stays(watched: Watched, finished: str) -> None:
    page = watched(color_scheme="light")
    page.goto(f"/runs/{finished}")
    page.wait_for_selector("#figure-accuracy_vs_density .main-svg")
    ticket = """() => document.querySelector('#figure-accuracy_vs_density .plot').data
      .find(t => t.meta?.role === 'winning_ticket' && t.meta?.part === 'mean').line.color"""
    assert page.evaluate(ticket) == "rgb(190, 123, 0)"
    page.click("text=Dark")
    becomes(page, f"({ticket})() === 'rgb(240, 173, 46)'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["dark"]
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["dark"]
    page.click("text=System")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["light"]
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("#figure-accuracy_vs_density .main-svg")
    becomes(page, f"({ticket})() === 'rgb(240, 173, 46)'")


def test_a_mistake_in_the_form_has_the_focus_and_nothing_is_lost(watched: Watched) -> None:
    watched.expected = "422"
    page = watched()
    page.goto("/new")
    page.click('label:has-text("SGD")')
    page.fill("#f-optimizer-sgd-lr", "fast")
    page.fill("#f-notes", "kept")
    page.click("text=Start the run")
    expect(page.locator("#f-optimizer-sgd-lr-error")).to_have_text("Learning rate must be a number")
    assert page.evaluate("document.activeElement.id") == "f-optimizer-sgd-lr"
    expect(page.locator("#f-optimizer-sgd-lr")).to_have_value("fast")
    expect(page.locator("#f-notes")).to_have_value("kept")


def test_a_choice_brings_its_fields_without_a_script(watched: Watched, scope: Scope) -> None:
    page = watched(java_script_enabled=False)
    page.goto("/new")
    expect(page.locator("#f-optimizer-sgd-momentum")).not_to_be_visible()
    page.click('label:has-text("SGD")')
    expect(page.locator("#f-optimizer-sgd-momentum")).to_be_visible()
    expect(page.locator("#f-optimizer-adam-betas")).not_to_be_visible()
    page.fill("#f-optimizer-sgd-momentum", "0.9")
    for path, value in (("steps", "20"), ("eval_every", "20"), ("levels", "1"), ("replicates", "1")):
        page.fill(f"#f-{path}", value)
    page.click("text=Start the run")
    run = scope.run(page.url.rsplit("/", 1)[-1])
    assert run["spec"]["optimizer"] == {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    expect(page.locator("#figure-accuracy_vs_density .find")).not_to_be_empty()


def test_the_board_moves_by_itself(page: Page, scope: Scope) -> None:
    page.goto("/")
    run_id = scope.submit(name="Appears on the board", steps=100)
    row = page.locator(f"#run-{run_id}")
    expect(row).to_contain_text("Appears on the board")
    expect(row).to_contain_text("finished", timeout=60_000)


def test_the_skip_link_comes_first(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(watched: Watched, finished: str, theme: str) -> None:
    page = watched(color_scheme=theme)
    for path in (
        "/",
        "/new",
        "/compare?q=kind:lottery",
        f"/runs/{finished}",
        f"/runs/{finished}?tab=spec",
        "/workers",
        "/protocol",
    ):
        page.goto(path)
        assert page.evaluate(FAINT) == [], path


FAINT = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (el) => {
    for (; el; el = el.parentElement) {
      const color = parse(getComputedStyle(el).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const el of document.querySelectorAll('main *, .side *')) {
    if (el.closest('svg, .skip, .visually-hidden, progress') || !el.checkVisibility()) continue;
    if (![...el.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [one, other] = [light(parse(getComputedStyle(el).color)), light(behind(el))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) bad.push(`${el.className || el.tagName}: ${el.textContent.trim().slice(0, 30)} ${ratio}`);
  }
  return bad;
}"""
