"""The mask atlas in a real browser: from the network to one weight, levels as a film, two tickets, a file, a link."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Page, Route, expect
from safetensors.numpy import save_file

from tests.browser.conftest import Scope, Watched, becomes

A = "#matrix-a"
DRAWN = "Number(document.getElementById('matrix-a').dataset.drawn ?? 0)"
RANGE = """(({ layout }) => [...layout.yaxis.range, ...layout.xaxis.range])(document.getElementById('matrix-a'))"""


def drawn(page: Page, more_than: int = 0) -> int:
    becomes(page, f"{DRAWN} > {more_than}")
    return int(page.evaluate(DRAWN))


def test_zoom_to_a_weight_and_read_it(page: Page, scope: Scope, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=masks&level=2&color=trained")
    drawn(page)
    expect(page.locator("#layers .layer")).to_have_count(3)
    page.fill("input[name=unit]", "7")
    page.fill("#goto-input", "20")
    page.click("#goto")
    expect(page.locator("#readout")).to_contain_text("unit 7, input 20")
    becomes(page, "document.getElementById('matrix-a').data[0].type === 'heatmap'")
    page.locator(A).scroll_into_view_if_needed()
    box = page.locator(f"{A} .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 + 3)
    page.wait_for_selector(f"{A} .hoverlayer .hovertext", state="attached")
    said = page.locator("#readout").inner_text()
    unit, column = (int(part.split(" ")[1]) for part in said.split(" · ")[0].split(", "))
    where: dict[str, int | str] = {
        "level": 2,
        "top": unit,
        "bottom": unit + 1,
        "left": column,
        "right": column + 1,
        "format": "csv",
    }
    names, values = scope.client.get(f"/api/v1/runs/{finished}/masks/fc1/values", params=where).text.split()
    weight = dict(zip(names.split(","), values.split(","), strict=True))
    assert ("kept at level 2" in said) == (weight["kept"] == "1")
    if weight["kept"] == "1":
        assert f"{abs(float(weight['trained'])):.6g}"[:5] in said


def test_the_keyboard_pans_and_zooms_and_the_link_opens_the_same_view(watched: Watched, finished: str) -> None:
    page = watched()
    page.goto(f"/runs/{finished}?tab=masks&layer=fc2&level=1&rows=degree&color=level")
    n = drawn(page)
    page.focus(A)
    page.keyboard.press("+")
    n = drawn(page, n)
    page.keyboard.press("ArrowRight")
    drawn(page, n)
    shown = page.evaluate(RANGE)
    assert shown != [100, 0, 0, 300]
    again = watched()
    again.goto(page.url)
    drawn(again)
    assert np.allclose(again.evaluate(RANGE), shown, atol=0.02)
    for name, value in (("color", "level"), ("rows", "degree"), ("level", "1"), ("layer", "fc2")):
        assert again.evaluate(f"document.getElementById('atlas').elements['{name}'].value") == value


def test_the_film_plays_every_level(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=masks&level=0")
    drawn(page)
    expect(page.locator("#atlas-find")).to_contain_text("At level 0")
    page.click("#film")
    expect(page.locator("#atlas-find")).to_contain_text("At level 2", timeout=20_000)
    expect(page.locator("#film")).to_have_text("Play levels")
    assert "level=2" in page.url
    page.focus("input[name=level]")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#atlas-find")).to_contain_text("At level 1")


def test_two_tickets_side_by_side_under_a_divider_and_as_a_difference(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=masks&level=1")
    drawn(page)
    page.select_option("select[name=other]", f"{finished}:1:1")
    page.wait_for_selector("#matrix-b .main-svg")
    page.click("[data-zoom=in]")
    both = "JSON.stringify({a}.layout.xaxis.range) === JSON.stringify({b}.layout.xaxis.range)"
    sides = {name: f"document.getElementById('matrix-{name}')" for name in "ab"}
    becomes(page, both.format(**sides))
    page.click("text=divider")
    expect(page.locator(".divider")).to_be_visible()
    becomes(page, "document.querySelectorAll('#matrix-a image').length >= 2")
    page.focus(".divider")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".divider")).to_have_attribute("aria-valuenow", "52")
    page.click(".segments >> text=difference")
    expect(page.locator("#legend")).to_contain_text("kept by")
    assert "mode=difference" in page.url


def test_a_click_on_a_unit_shows_its_paths(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=masks&level=1&unit=5")
    page.wait_for_selector("#unit-paths .main-svg")
    expect(page.locator("#title-unit")).to_have_text("Unit 5 of fc1 at level 1")
    expect(page.locator("#unit-find")).to_contain_text("units of fc3 by")


def test_the_overlap_follows_what_is_ticked(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=overlap")
    page.wait_for_selector("#figure-overlap_matrix .main-svg")
    page.click("summary >> text=Choose tickets one by one")
    for address in (f"{finished}:0:1", f"{finished}:0:2", f"{finished}:1:2"):
        page.check(f'input[value="{address}"]')
    expect(page.locator("#chosen-count")).to_have_text("3 chosen")
    becomes(page, "document.querySelector('#figure-overlap_matrix .plot').data[0].x.length === 3")
    expect(page.locator("#figure-overlap_matrix .find")).to_contain_text("nested")


def test_a_file_becomes_a_run_that_can_be_seen(page: Page, tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(12, 16)).astype(np.float32)
    paths = []
    for level, cut in enumerate((0.0, 0.8)):
        path = tmp_path / f"level{level}.safetensors"
        save_file({"fc.weight": np.where(np.abs(weights) > cut, weights, 0)}, path)
        paths.append(path)
    page.goto("/import")
    page.set_input_files('input[type="file"]', paths)
    page.click("form button.go")
    expect(page.locator("form button.go")).to_have_text("Import")
    page.click("form button.go")
    page.wait_for_url("**/runs/*")
    page.click(".tabs >> text=Masks")
    drawn(page)
    expect(page.locator("#layers .layer")).to_contain_text(f"{int((np.abs(weights) > 0.8).sum())} of 192")


def test_the_picture_comes_before_the_plotting_library_and_stays_in_place(page: Page, finished: str) -> None:
    held: list[Route] = []
    page.route("**/plotly-cartesian.min.js", lambda route: held.append(route))
    page.goto(f"/runs/{finished}?tab=masks&level=2")
    first = page.locator("#matrix-a img.first")
    expect(first).to_be_visible()
    before = first.bounding_box()
    becomes(page, "document.querySelector('#matrix-a').dataset.pictured === '1'")
    for route in held:
        route.continue_()
    drawn(page)
    expect(first).to_have_count(0)
    after = page.locator("#matrix-a .layer-below image, #matrix-a image").first.bounding_box()
    assert before
    assert after
    for side in ("x", "y", "width", "height"):
        assert abs(before[side] - after[side]) < 1.5, side


MATRIX_TILES = """performance.getEntriesByType("resource").filter(({ name }) => /[/]tile[?].*rows=/.test(name))"""


def test_the_picture_is_asked_for_by_the_page_and_once(watched: Watched, finished: str) -> None:
    """The address is in the page; the script takes what the browser has, as it is no finer than the screen."""
    page = watched(fresh=True)
    page.goto(f"/runs/{finished}?tab=masks&level=2&color=level")
    drawn(page)
    each = "({ name, initiatorType, transferSize }) => [name, initiatorType, transferSize > 0]"
    names, kinds, sent = zip(*page.evaluate(f"{MATRIX_TILES}.map({each})"), strict=True)
    assert len(set(names)) == 1
    assert kinds[0] == "img"
    assert sent == (True, *[False] * (len(sent) - 1))


def test_a_phone_asks_for_a_picture_of_its_own_size(page: Page, finished: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/runs/{finished}?tab=masks&level=2")
    drawn(page)
    width = page.evaluate(f"""Number(new URL({MATRIX_TILES}.at(-1).name).searchParams.get("width"))""")
    assert 200 < width < 390


def test_the_first_picture_is_shown_without_scripts(watched: Watched, finished: str) -> None:
    page = watched(java_script_enabled=False)
    page.goto(f"/runs/{finished}?tab=masks&level=2")
    expect(page.locator("#matrix-a img.first")).to_have_js_property("naturalWidth", 64)
    expect(page.locator("#matrix-a .waiting")).to_be_hidden()


def test_the_largest_matrix_has_the_size_of_the_picture_in_the_page(watched: Watched, finished: str) -> None:
    page = watched(width=2400)
    page.goto(f"/runs/{finished}?tab=masks&level=2")
    drawn(page)
    shown = page.evaluate("document.querySelector('#matrix-a').getBoundingClientRect().toJSON()")
    of_page = f"[...new URL({MATRIX_TILES}[0].name).searchParams].filter(([name]) => /width|height/.test(name))"
    asked = {name: int(value) for name, value in page.evaluate(of_page)}
    assert asked == {"width": round(shown["width"] - 80), "height": round(shown["height"] - 98)}
