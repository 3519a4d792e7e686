"""One film enlarged: a weight is read by number, pointer and finger, and a link opens the same view."""

import pytest
from playwright.sync_api import Page, expect

from benchmarks.server import Server
from tests.app.erased_run import ErasedRun
from tests.browser.conftest import Watched, becomes
from tests.browser.film.wall import ADAM, SGD, SIDE, go, shot, shows, step


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ("adam:0.01:picture", "Adam, lr 0.01"),
        ("sgd:1:none", "SGD, lr 1, twin without the picture"),
        # As links of before named them: by the number of the rate.
        ("adam:0", "Adam, lr 0.01"),
        ("sgd:1:twin", "SGD, lr 1, twin without the picture"),
    ],
)
def test_a_link_opens_one_training(page: Page, run: ErasedRun, cell: str, title: str) -> None:
    go(page, run, f"twins=1&cell={cell}")
    expect(page.locator("#enlarged-title")).to_have_text(title)


def test_enlarged_a_single_entry_can_be_read(page: Page, run: ErasedRun) -> None:
    go(page, run, "at=32")
    page.focus(f"{shot(SGD)} .enlarge")
    page.keyboard.press("Enter")
    expect(page.locator("#enlarged-title")).to_have_text("SGD, lr 0.1")
    becomes(page, "document.getElementById('stage').dataset.step === '32'")
    page.fill("#goto-row", "7")
    page.fill("#goto-column", "20")
    page.click("#goto-entry")
    readout = page.locator("#enlarged-readout")
    expect(readout).to_contain_text("row 7, column 20")
    said = dict(part.split(" ", 1) for part in readout.inner_text().replace("−", "-").split(" · ")[2:])
    assert float(said["W"]) == pytest.approx(run.weights(SGD, 32)[7, 20], rel=1e-3, abs=1e-6)
    assert float(said["W₀"]) == pytest.approx(run.init[SIDE, "picture"][7, 20], rel=1e-3, abs=1e-6)
    # The pointer reads what is under it.
    page.click("[data-zoom=all]")
    box = page.locator("#stage").bounding_box()
    assert box
    side = min(box["width"], box["height"])
    x, y = (box["width"] - side) / 2, (box["height"] - side) / 2
    page.mouse.move(box["x"] + x + 12.5 / SIDE * side, box["y"] + y + 3.5 / SIDE * side)
    expect(readout).to_contain_text("row 3, column 12")
    # The same slider turns it, and the wall behind it.
    page.focus("#enlarged-at")
    page.keyboard.press("Home")
    becomes(page, "document.getElementById('stage').dataset.step === '0'")
    step(page, SGD, "step 0")
    for form in ("webp", "gif", "png", "csv"):
        link = page.locator(f"a[data-form={form}]").get_attribute("href") or ""
        assert page.request.get(link).ok, link
    page.keyboard.press("Escape")
    expect(page.locator("#enlarged")).to_be_hidden()
    assert "cell=" not in page.url


def test_fingers_pinch_drag_and_tap_an_entry(page: Page, run: ErasedRun) -> None:
    """Through the browser's own touch events: two fingers that go apart by a factor of four, then one that taps."""
    page.set_viewport_size({"width": 390, "height": 844})
    go(page, run, "at=32")
    page.focus(f"{shot(SGD)} .enlarge")
    page.keyboard.press("Enter")
    becomes(page, "document.getElementById('stage').dataset.step === '32'")
    box = page.locator("#stage").bounding_box()
    assert box
    middle_x, middle_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    side = min(box["width"], box["height"])
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        told = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

    def apart(by: float) -> tuple[tuple[float, float], tuple[float, float]]:
        return (middle_x - by, middle_y), (middle_x + by, middle_y)

    def entry(column: float) -> float:
        """Where the middle of a column lies, four times as large about the middle of the matrix."""
        return middle_x + (column + 0.5 - SIDE / 2) * 4 * side / SIDE

    touch("touchStart", *apart(20))
    for by in range(30, 90, 10):
        touch("touchMove", *apart(by))
    touch("touchEnd")
    readout = page.locator("#enlarged-readout")
    touch("touchStart", (entry(SIDE / 2 + 2), middle_y + 1))
    touch("touchEnd")
    expect(readout).to_contain_text(f"column {SIDE // 2 + 2} ")
    # One finger drags two columns to the left what it then taps.
    width = 4 * side / SIDE
    touch("touchStart", (middle_x, middle_y + 1))
    for i in range(1, 9):
        touch("touchMove", (middle_x - i * width / 4, middle_y + 1))
    touch("touchEnd")
    touch("touchStart", (entry(SIDE / 2 + 2), middle_y + 1))
    touch("touchEnd")
    expect(readout).to_contain_text(f"column {SIDE // 2 + 4} ")


def test_the_link_opens_the_same_view_elsewhere(watched: Watched, lab: Server, run: ErasedRun) -> None:
    page = watched()
    go(page, run)
    page.click("text=ΔW >> nth=0")
    page.click("text=one per frame")
    page.check("input[name=twins]")
    page.select_option("select[name=replicate]", "1")
    expect(page.locator("#film-find")).to_contain_text("Replicate 1")
    page.focus("#film-at")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    step(page, SGD, "step 1")
    page.click(f"{shot(ADAM)} .enlarge")
    becomes(page, "location.search.includes('at=1') && location.search.includes('cell=adam')")
    again = watched()
    again.goto(page.url)
    expect(again.locator("#enlarged-title")).to_have_text("Adam, lr 0.01")
    becomes(again, "document.getElementById('stage').dataset.step === '1'")
    again.keyboard.press("Escape")
    expect(again.locator("select[name=replicate]")).to_have_value("1")
    expect(again.locator(".shot:visible")).to_have_count(6)
    step(again, SGD, "step 1")
    shows(again, lab, run, SGD, 1, theme="light", show="movement", scale="frame", replicate="1")
