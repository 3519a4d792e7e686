"""The film wall in a real browser: one slider moves every strip, one is enlarged, frames arrive, a link shares it."""

import io
from collections.abc import Iterator
from contextlib import suppress

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Error, Page, Route, expect

from app.kinds.erasure.spec import Cell
from app.store import Store
from benchmarks.server import Server, server
from tests.app.erased_run import ErasedRun, erasure_spec, write_run
from tests.browser.conftest import Watched, becomes
from tests.browser.test_every_page import FAINT
from tests.browser.windows import Windows

OPTIMIZERS = {"sgd": (0.1, 1.0), "adam": (0.01,)}
SIDE = 32
SGD = Cell(SIDE, "picture", "sgd", 0.1)
FAST = SGD._replace(lr=1.0)
ADAM = Cell(SIDE, "picture", "adam", 0.01)


@pytest.fixture(scope="module")
def lab() -> Iterator[Server]:
    """A whole Ticketscope without workers: the test writes what one would."""
    with server(workers=0) as running:
        yield running


@pytest.fixture(scope="module")
def store(lab: Server) -> Iterator[Store]:
    store = lab.store()
    yield store
    store.close()


@pytest.fixture(scope="module")
def run(store: Store) -> ErasedRun:
    """Two replicates of three rates; SGD at rate 1 diverges at step 40."""
    return write_run(store, OPTIMIZERS, widths=(SIDE,), replicates=2, diverge={("sgd", 1): 40})[0]


@pytest.fixture(scope="module")
def reusable(browser: Browser, lab: Server) -> Windows:
    return Windows(browser, lab.url)


@pytest.fixture
def watched(browser: Browser, reusable: Windows) -> Iterator[Watched]:
    watched = Watched(browser, reusable.url, reusable)
    yield watched
    watched.close()


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched()


def shot(cell: Cell) -> str:
    return f'.shot[data-optimizer="{cell.optimizer}"][data-lr="{cell.lr}"][data-image="{cell.image}"]'


def go(page: Page, run: ErasedRun, query: str = "") -> None:
    page.goto(f"/runs/{run.id}?tab=film&{query}")
    becomes(page, "Number(document.getElementById('wall')?.dataset.drawn ?? 0) > 0")


def step(page: Page, cell: Cell, words: str) -> None:
    expect(page.locator(f"{shot(cell)} .step")).to_have_text(words)


PIXELS = """(selector) => {
  const canvas = document.querySelector(selector);
  const { width, height } = canvas;
  // A copy: the wall's own canvases are not made to be read.
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return [width, height, [...copy.getImageData(0, 0, width, height).data]];
}"""


def pixels(page: Page, cell: Cell) -> NDArray[np.uint8]:
    """What stands on a canvas."""
    width, height, data = page.evaluate(PIXELS, f"{shot(cell)} canvas")
    return np.array(data, np.uint8).reshape(height, width, 4)[:, :, :3]


def frame(lab: Server, run: ErasedRun, cell: Cell, at: int, **look: str) -> NDArray[np.uint8]:
    """What the server draws of a frame."""
    query = {**cell._asdict(), "step": at, "size": SIDE, **look}
    answer = httpx.get(f"{lab.url}/api/v1/runs/{run.id}/film/frame", params=query, trust_env=False)
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def shows(page: Page, lab: Server, run: ErasedRun, cell: Cell, at: int, **look: str) -> None:
    """Wait until a canvas shows that frame, pixel by pixel."""
    meant = frame(lab, run, cell, at, **look)
    for _ in range(100):
        if np.array_equal(pixels(page, cell), meant):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{cell} does not show step {at}")


def test_the_wall_shows_every_training_at_its_last_frame(page: Page, lab: Server, run: ErasedRun) -> None:
    page.goto(f"/runs/{run.id}")
    expect(page.locator(".tabs a[aria-current]")).to_have_text("Film")
    expect(page.locator(".optimizer h3")).to_have_text(["SGD", "Adam"])
    expect(page.locator(".shot:visible")).to_have_count(3)
    for cell in (SGD, ADAM):
        shows(page, lab, run, cell, 100, theme="light")
        row = run.rows[cell, 100]
        expect(page.locator(f"{shot(cell)} .accuracy")).to_have_text(f"{100 * row['test_accuracy']:.1f} %")
        seen = f"AUC {row['visibility']:.2f}"
        expect(page.locator(f"{shot(cell)} .seen")).to_contain_text(seen)
        label = page.locator(f"{shot(cell)} canvas").get_attribute("aria-label") or ""
        assert "step 100" in label
        assert seen in label
        assert page.locator(f"{shot(cell)} canvas").get_attribute("role") == "img"


def test_a_diverged_training_says_so_and_shows_no_picture(page: Page, lab: Server, run: ErasedRun) -> None:
    cell = FAST
    go(page, run)
    screen = page.locator(f"{shot(cell)} .screen")
    expect(screen.locator(".over")).to_have_text("diverged at step 40")
    expect(screen.locator("canvas")).to_be_hidden()
    step(page, cell, "")
    page.focus("#film-at")
    page.keyboard.press("ArrowLeft")  # to step 56, which it never saw
    step(page, SGD, "step 56")
    expect(screen.locator(".over")).to_have_text("diverged at step 40")
    page.keyboard.press("ArrowLeft")
    step(page, cell, "step 32")
    expect(screen.locator("canvas")).to_be_visible()
    shows(page, lab, run, cell, 32, theme="light")


def test_one_slider_moves_every_film(page: Page, lab: Server, run: ErasedRun) -> None:
    go(page, run)
    page.focus("#film-at")
    page.keyboard.press("Home")
    for cell in (SGD, FAST, ADAM):
        step(page, cell, "step 0")
        shows(page, lab, run, cell, 0, theme="light")
    expect(page.locator("#film-words")).to_have_text("step 0 of 100")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    step(page, SGD, "step 2")
    becomes(page, "location.search.includes('at=2')")


def test_it_plays_to_the_end_and_can_be_paused(page: Page, lab: Server, run: ErasedRun) -> None:
    go(page, run)
    page.select_option("#film-speed", "2")
    page.click("#film-play")
    expect(page.locator("#film-play")).to_have_text("Pause")
    becomes(page, f"""!["step 0", "step 100"].includes(document.querySelector('{shot(SGD)} .step').textContent)""")
    page.click("#film-play")
    expect(page.locator("#film-play")).to_have_text("Play")
    stood = page.locator("#film-words").inner_text()
    page.wait_for_timeout(500)
    assert page.locator("#film-words").inner_text() == stood
    page.select_option("#film-speed", "8")
    page.click("#film-play")
    step(page, SGD, "step 100")
    expect(page.locator("#film-play")).to_have_text("Play")
    shows(page, lab, run, SGD, 100, theme="light")


def test_movement_and_each_frame_s_own_scale(page: Page, lab: Server, run: ErasedRun) -> None:
    go(page, run, "at=10")
    page.click("text=ΔW >> nth=0")
    shows(page, lab, run, SGD, 10, theme="light", show="movement")
    expect(page.locator("#film-legend")).to_contain_text("ΔW = W − W₀, one scale for all frames")
    page.click("text=one per frame")
    shows(page, lab, run, SGD, 10, theme="light", show="movement", scale="frame")
    expect(page.locator(f"{shot(SGD)} .reach")).to_contain_text("±")
    expect(page.locator("#film-legend")).to_contain_text("its own scale")
    page.focus("#film-at")
    page.keyboard.press("Home")
    shows(page, lab, run, SGD, 0, theme="light", show="movement", scale="frame")
    assert len(np.unique(pixels(page, SGD).reshape(-1, 3), axis=0)) == 1  # nothing has moved yet


def test_films_can_be_aligned_by_loss_and_by_movement(page: Page, run: ErasedRun) -> None:
    go(page, run)
    page.click("text=‖ΔW‖ >> nth=0")
    expect(page.locator("#film-means")).to_contain_text("first frame with ‖ΔW‖ of at least")
    page.focus("#film-at")
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    far = float(page.evaluate("document.getElementById('film-words').textContent.match(/[0-9.]+/)[0]"))
    fast = FAST
    # Independently: the first frame of each that has moved as far; the slow one never does.
    first = next(
        at
        for at in run.spec.observed_steps()
        if (fast, at) in run.rows and run.rows[fast, at]["movement"] >= far * 0.99
    )
    step(page, fast, f"step {first}")
    slow = [at for at in run.spec.observed_steps() if run.rows[SGD, at]["movement"] >= far * 0.99]
    step(page, SGD, f"step {slow[0]}" if slow else "step 100")
    expect(page.locator(f"{shot(SGD)} .note")).to_have_text("" if slow else "not reached")
    page.click("text=loss >> nth=0")
    expect(page.locator("#film-means")).to_contain_text("training loss of at most")
    page.focus("#film-at")
    page.keyboard.press("Home")
    step(page, SGD, "step 0")


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


def test_twins_stand_beside(page: Page, lab: Server, run: ErasedRun) -> None:
    go(page, run)
    page.check("input[name=twins]")
    expect(page.locator(".shot:visible")).to_have_count(6)
    twin = FAST.twin
    shows(page, lab, run, twin, 100, theme="light")
    accuracy = run.rows[twin, 100]["test_accuracy"]
    expect(page.locator(f"{shot(twin)} .accuracy")).to_have_text(f"{100 * accuracy:.1f} %")
    assert "twins=1" in page.url
    page.uncheck("input[name=twins]")
    expect(page.locator(".shot:visible")).to_have_count(3)


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


def test_words_that_come_late_are_not_put_over_newer_ones(watched: Watched, run: ErasedRun) -> None:
    page = watched()
    go(page, run)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "x-live" in route.request.headers and "replicate=1" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    page.select_option("select[name=replicate]", "1")
    page.wait_for_function("location.search.includes('replicate=1')")
    with page.expect_response(lambda answer: "x-live" in answer.request.headers):
        page.select_option("select[name=replicate]", "0")
    for route in held:
        with suppress(Error):  # it may have been taken back
            route.continue_()
    page.wait_for_timeout(500)
    assert held
    expect(page.locator("#film-find")).to_contain_text("Replicate 0")


def test_frames_arrive_and_only_new_ones_are_fetched(page: Page, lab: Server, store: Store) -> None:
    run = ErasedRun(store, erasure_spec(OPTIMIZERS, widths=(SIDE,), twins=False))
    queue = lab.queue()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/film/frame" in request.url else None)
    go(page, run)
    expect(page.locator(f"{shot(SGD)} .over")).to_have_text("waiting")
    page.evaluate("() => { window.here = true; }")
    height = page.evaluate("document.getElementById('film').getBoundingClientRect().height")
    for at in (0, 1):
        run.frame(SGD, at)
    queue.wake(run.id, store.run(run.id).last_seq)
    step(page, SGD, "step 1")
    expect(page.locator(f"{shot(SGD)} .note")).to_have_text("live")
    shows(page, lab, run, SGD, 1, theme="light")
    becomes(page, "performance.getEntriesByType('resource').filter((e) => e.name.includes('/film/frame')).length >= 2")
    before = len(asked)
    run.frame(SGD, 2)
    queue.wake(run.id, store.run(run.id).last_seq)
    step(page, SGD, "step 2")
    shows(page, lab, run, SGD, 2, theme="light")
    assert ["step=2" in url for url in asked[before:]] == [True]
    for at in run.spec.observed_steps()[3:]:
        run.frame(SGD, at)
    run.end(SGD)
    queue.wake(run.id, store.run(run.id).last_seq)
    step(page, SGD, "step 100")
    expect(page.locator(f"{shot(SGD)} .note")).to_have_text("")
    expect(page.locator("#film-find")).to_contain_text("of 1 finished training erased the picture")
    assert page.evaluate("document.getElementById('film').getBoundingClientRect().height") == height
    assert page.evaluate("window.here"), "the page was loaded again"
    for cell in run.cells[1:]:
        run.train(cell)
    run.finish()
    queue.close()


def test_without_a_script_every_training_shows_its_last_frame(watched: Watched, run: ErasedRun) -> None:
    page = watched(java_script_enabled=False)
    page.goto(f"/runs/{run.id}?tab=film&show=movement")
    pictures = page.locator(".shot:visible img")
    expect(pictures).to_have_count(2)  # of the third, there is none any more
    for picture in pictures.all():
        address = picture.get_attribute("src") or ""
        assert "step=100" in address
        assert "show=movement" in address
        assert page.request.get(address).ok
    expect(page.locator(f"{shot(FAST)} .over")).to_have_text("diverged at step 40")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read(watched: Watched, lab: Server, run: ErasedRun, theme: str) -> None:
    page = watched(390, 844, color_scheme=theme, has_touch=True)
    for query in ("", "twins=1", "large=1", "scale=frame&align=loss", "cell=adam:0"):
        go(page, run, query)
        page.wait_for_timeout(300)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, query
        assert page.evaluate(FAINT) == [], query
    go(page, run)
    shows(page, lab, run, SGD, 100, theme=theme)


def test_the_theme_turns_the_pictures(watched: Watched, lab: Server, run: ErasedRun) -> None:
    page = watched(color_scheme="light")
    go(page, run)
    shows(page, lab, run, SGD, 100, theme="light")
    page.click("text=Dark")
    shows(page, lab, run, SGD, 100, theme="dark")


def test_one_that_cannot_be_fetched_says_so(watched: Watched, run: ErasedRun) -> None:
    watched.expected = "Failed to load resource"
    page = watched()
    page.route("**/film?*", lambda route: route.abort())
    page.goto(f"/runs/{run.id}?tab=film")
    expect(page.locator("#film-means")).to_contain_text("could not be loaded")
