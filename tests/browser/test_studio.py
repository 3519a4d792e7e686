"""The erasure studio in a real browser: type, choose, draw, drop, paste; the weights follow, and a refusal is words."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from app.pictures import upload
from tests.app.pictures.images import SVG, encoded, photograph, square
from tests.browser.conftest import Scope, Watched, becomes
from tests.browser.visits import OVER, faint

NEW = "/new?kind=erasure"
OWN = 'label:has-text("Your own")'
SHOWN = "!document.querySelector('#look.stale') && document.querySelector('#look-picture').naturalWidth > 0"


@pytest.fixture
def page(watched: Watched) -> Page:
    page = watched()
    page.goto(NEW)
    becomes(page, SHOWN)
    return page


def look(page: Page) -> NDArray[np.uint8]:
    """The pixels of the preview, `(rows, columns, 3)`."""
    data = page.evaluate(
        """async () => {
        const image = document.querySelector('#look-picture');
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL().split(',')[1]; }"""
    )
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image.convert("RGB"))


def blank(page: Page) -> NDArray[np.bool_]:
    """Where the preview shows the colour of 0 all around: `(rows, columns)`, but for single weights that are small."""
    pixels = look(page).astype(int)
    zero = (np.abs(pixels - (201, 197, 187)).max(axis=2) <= 1).astype(int)
    padded = np.pad(zero, 1, mode="edge")
    near = sum(padded[y : y + zero.shape[0], x : x + zero.shape[1]] for y in range(3) for x in range(3))
    found: NDArray[np.bool_] = np.asarray(near) >= 7
    return found


def changes(page: Page, before: NDArray[np.uint8]) -> None:
    for _ in range(200):
        if not np.array_equal(look(page), before):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the preview never changed")


def png_of(page: Page) -> str:
    return str(page.locator('[name="picture.upload.png"]').input_value())


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Draw from point to point, in shares of the sheet."""
    page.locator(".own canvas").scroll_into_view_if_needed()
    box = page.locator(".own canvas").bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    # It is sent as it is drawn: what comes last counts.
    sent = ""
    while sent != png_of(page) or not sent:
        sent = png_of(page)
        page.wait_for_timeout(400)


def test_a_letter_is_typed_and_the_weights_follow(page: Page) -> None:
    before = look(page)
    assert before.shape == (256, 256, 3)
    assert 0.1 < blank(page).mean() < 0.6
    page.fill("#f-picture-text-text", "l")
    changes(page, before)
    # An l is a bar in the middle, and nothing else.
    bar = blank(page)
    assert bar[20:236, 124:132].mean() > 0.97
    assert bar[:, :80].mean() < 0.02
    expect(page.locator("#look-says")).to_have_text(
        "256×256 weights: × 0 where there is ink. The run uses another random draw."
    )
    for label, words in (("additive", "+ 1 of their spread"), ("first", "256×64 weights")):
        page.click(f'.segments label:has-text("{label}")')
        expect(page.locator("#look-says")).to_contain_text(words)
    page.fill("#f-widths", "64, 512")
    expect(page.locator("#look-says")).to_contain_text("64×64 weights")
    page.click('#f-dataset label:has-text("MNIST") >> nth=0')
    expect(page.locator("#look-says")).to_contain_text("64×784 weights, every 4th column shown")


def test_what_cannot_be_shown_is_said_and_the_last_picture_stays(watched: Watched, page: Page) -> None:
    watched.expected = "422"
    before = look(page)
    page.fill("#f-picture-text-text", "日")
    expect(page.locator("#look-says")).to_contain_text("text needs characters that the typeface lacks: 日")
    assert np.array_equal(look(page), before)
    page.fill("#f-picture-text-text", "")
    expect(page.locator("#look-says")).to_contain_text("Type a letter")
    page.fill("#f-picture-text-text", "a")
    becomes(page, SHOWN)
    page.fill("#f-contrast", "2")
    expect(page.locator("#look-says")).to_contain_text("contrast must be greater than 0")
    # The slider writes into the number, which is what is sent.
    page.locator(".strength").fill("0.5")
    assert page.locator("#f-contrast").input_value() == "0.5"
    expect(page.locator("#look-says")).to_contain_text("× 0.5")


def test_the_frame_keeps_its_place(page: Page) -> None:
    def place() -> object:
        return page.evaluate("JSON.stringify(document.querySelector('#look .frame').getBoundingClientRect())")

    first = place()
    for label in ("Photograph", "Your own", "Letter or text"):
        page.click(f'label:has-text("{label}")')
        page.wait_for_timeout(200)
        assert place() == first


def test_a_photograph_is_chosen_by_its_picture(page: Page) -> None:
    page.click('label:has-text("Photograph")')
    expect(page.locator(".photos img")).to_have_count(4)
    becomes(page, "[...document.querySelectorAll('.photos img')].every(image => image.naturalWidth === 256)")
    expect(page.locator("#look-says")).to_contain_text("under full ink")
    before = look(page)
    page.focus('[name="picture.sample.name"][value="cat"]')
    page.keyboard.press("ArrowRight")
    assert page.locator('[name="picture.sample.name"][value="astronaut"]').is_checked()
    changes(page, before)


def test_drawing_is_submitted_as_a_picture_of_two_shades(page: Page, scope: Scope) -> None:
    page.click(OWN)
    expect(page.locator("#look-says")).to_contain_text("Draw, drop, paste or choose a picture")
    stroke(page, (0.2, 0.5), (0.8, 0.5))
    expect(page.locator("#own-says")).to_have_text("256×256, two shades")
    becomes(page, SHOWN)
    line = upload.draw(png=png_of(page))
    assert line.two_level
    assert line.ink[128, 60:196].min() == 1
    assert line.ink[:100].max() == 0
    assert blank(page)[122:134, 60:196].mean() > 0.97
    # A click without a move leaves a dot; undo takes it back, and then the line.
    stroke(page, (0.5, 0.1))
    dotted = upload.draw(png=png_of(page)).ink - line.ink
    assert dotted.min() == 0
    assert np.pi * 9**2 < dotted.sum() < np.pi * 17**2
    page.click(".own .undo")
    page.wait_for_timeout(500)
    assert np.array_equal(upload.draw(png=png_of(page)).ink, line.ink)
    page.click(".own .undo")
    becomes(page, "document.querySelector('[name=\"picture.upload.png\"]').value === ''")
    assert page.locator(".own .undo").is_disabled()
    page.fill("#f-widths", "16")
    page.fill("#f-steps", "1")
    page.fill("#f-replicates", "1")
    page.fill("#f-name", "Drawn")
    stroke(page, (0.5, 0.2), (0.5, 0.8))
    # Submitted at once, a last stroke is in it.
    page.evaluate(
        """() => { const canvas = document.querySelector('.own canvas'), box = canvas.getBoundingClientRect();
        canvas.setPointerCapture = () => {};
        const at = { clientX: box.x + box.width * 0.2, clientY: box.y + box.height * 0.2, pointerId: 1, bubbles: true };
        canvas.dispatchEvent(new PointerEvent('pointerdown', at));
        canvas.dispatchEvent(new PointerEvent('pointerup', at));
        document.querySelector('#spec-form').requestSubmit(); }"""
    )
    page.wait_for_url("**/runs/*")
    run = scope.run(page.url.rsplit("/", 1)[-1].split("?")[0])
    png = run["spec"]["picture"]["png"]
    ink = upload.draw(png=png).ink
    assert (ink[51, 51], ink[128, 128], ink[51, 200]) == (1, 1, 0)
    # A copy has the drawing on its sheet.
    page.goto(f"/new?clone={run['id']}")
    becomes(page, SHOWN)
    assert png_of(page) == png
    expect(page.locator(".own.inked")).to_be_visible()


def test_a_picture_is_dropped_chosen_and_pasted(page: Page, tmp_path: Path) -> None:
    data = base64.b64encode(encoded(square())).decode()
    make = f"""() => {{ const bytes = Uint8Array.from(atob('{data}'), c => c.charCodeAt(0)), t = new DataTransfer();
        t.items.add(new File([bytes], 'square.png', {{type: 'image/png'}})); return t; }}"""
    # Dropped on the card while it shows a letter.
    page.dispatch_event("#studio", "drop", {"dataTransfer": page.evaluate_handle(make)})
    expect(page.locator("#own-says")).to_have_text("64×64, two shades")
    assert page.locator('[name="picture"][value="upload"]').is_checked()
    assert np.array_equal(upload.draw(png=png_of(page)).ink, square() == 0)
    becomes(page, "document.querySelector('.own canvas').getContext('2d').getImageData(80, 48, 1, 1).data[0] === 0")

    path = tmp_path / "photo.webp"
    path.write_bytes(encoded(photograph(640, 480), "WEBP"))
    page.set_input_files(".own [type=file]", str(path))
    expect(page.locator("#own-says")).to_have_text("256×192, shades of grey")

    page.click('label:has-text("Letter or text")')
    page.evaluate(
        f"""() => document.dispatchEvent(new ClipboardEvent('paste',
        {{clipboardData: ({make})(), bubbles: true, cancelable: true}}))"""
    )
    expect(page.locator("#own-says")).to_have_text("64×64, two shades")


def test_the_clipboard_is_read_on_demand(watched: Watched) -> None:
    page = watched(permissions=["clipboard-read", "clipboard-write"])
    page.goto(NEW)
    page.click(OWN)
    page.evaluate(
        f"""async () => {{ const bytes = Uint8Array.from(atob('{base64.b64encode(encoded(square())).decode()}'),
        c => c.charCodeAt(0)); await navigator.clipboard.write([new ClipboardItem({{'image/png':
        new Blob([bytes], {{type: 'image/png'}})}})]); }}"""
    )
    page.click(".own .paste")
    expect(page.locator("#own-says")).to_have_text("64×64, two shades")
    page.evaluate("navigator.clipboard.writeText('words')")
    page.click(".own .paste")
    expect(page.locator("#own-says")).to_have_text("The clipboard contains no picture.")


def test_a_refusal_is_words_and_nothing_is_lost(watched: Watched, page: Page, tmp_path: Path) -> None:
    watched.expected = "422"
    page.click(OWN)
    stroke(page, (0.2, 0.2), (0.8, 0.8))
    png = png_of(page)
    bad = {
        "drawing.svg": SVG,
        "cut.png": encoded(photograph())[:700],
        "white.png": encoded(np.full((9, 9), 255, np.uint8)),
    }
    words = {"drawing.svg": "is an SVG", "cut.png": "truncated", "white.png": "has no contrast"}
    for name, content in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        page.set_input_files(".own [type=file]", str(path))
        expect(page.locator("#own-says.bad")).to_contain_text(words[name])
        expect(page.locator("#own-says.bad")).to_contain_text(f"{name} ")
        assert png_of(page) == png
    # Too large a file is not even sent.
    huge = tmp_path / "huge.png"
    huge.write_bytes(bytes(10 * 2**20 + 1))
    page.set_input_files(".own [type=file]", str(huge))
    expect(page.locator("#own-says.bad")).to_contain_text("10,485,761 bytes; at most 10,485,760 are allowed")
    # Nothing drawn and submitted: the form says so at its place.
    page.click(".own .clear")
    page.click("text=Start the run")
    expect(page.locator("#f-picture-upload-png-error")).to_contain_text("PNG needs a picture: draw, drop or choose one")
    expect(page.locator(".own canvas")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_readable_and_not_too_wide(watched: Watched, width: int) -> None:
    page = watched(width, 900)
    page.goto(NEW)
    for label in ("Letter or text", "Photograph", "Your own"):
        page.click(f'label:has-text("{label}")')
        page.wait_for_timeout(250)
        assert page.evaluate(OVER) <= 0
        assert faint(page) == {"light": [], "dark": []}


def test_the_theme_switch_recolours_the_weights(page: Page) -> None:
    before = look(page)
    page.click("text=Dark")
    changes(page, before)
    # The letter has the dark page's colour of 0.
    assert (np.abs(look(page).astype(int) - (74, 74, 82)).max(axis=2) <= 1).mean() > 0.2
    assert (np.abs(before.astype(int) - (201, 197, 187)).max(axis=2) <= 1).mean() > 0.2


def test_text_and_photographs_need_no_script(watched: Watched, scope: Scope) -> None:
    page = watched(java_script_enabled=False)
    page.goto(NEW)
    expect(page.locator("#look")).not_to_be_visible()
    page.fill("#f-widths", "16")
    page.fill("#f-steps", "1")
    page.fill("#f-replicates", "1")
    page.click('label:has-text("Photograph")')
    page.click('label:has-text("coffee")')
    page.click("text=Start the run")
    run = scope.run(page.url.rsplit("/", 1)[-1].split("?")[0])
    assert run["spec"]["picture"] == {"kind": "sample", "name": "coffee"}
