"""Figures leave for a paper: light, at a width in millimetres, in the page's typeface, with what they rest on."""

import hashlib
import io
import re
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import Scope, Watched
from tests.browser.test_points import BIG

SVG = "{http://www.w3.org/2000/svg}"


def opened(page: Page, run: str, query: str = "") -> None:
    page.goto(f"/runs/{run}{query}")
    page.wait_for_selector(f"{BIG} .plot .main-svg")


def choose(page: Page, **options: object) -> None:
    """Set options of the export in the card of the main figure."""
    place = page.locator(f"{BIG} .export-options")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    for name, value in options.items():
        field = place.locator(f"[name=export_{name}]")
        field.set_checked(value) if isinstance(value, bool) else field.fill(str(value))


def saved(page: Page, label: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.click(f"{BIG} .exports >> text={label}")
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def words(svg: bytes) -> str:
    return " ".join("".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text"))


@pytest.mark.parametrize("mm", [85, 178])
def test_an_svg_is_light_in_millimetres_and_has_its_typeface_inside(watched: Watched, finished: str, mm: int) -> None:
    page = watched(color_scheme="dark")
    opened(page, finished)
    choose(page, mm=mm)
    name, data = saved(page, "SVG")
    assert name == f"{finished}-accuracy_vs_density.svg"
    root = ET.fromstring(data)
    assert root.attrib["width"] == f"{mm}mm"
    assert "data:font/woff2;base64," in "".join(root.find(f"{SVG}style").itertext())  # type: ignore[union-attr]
    assert b"rgb(255, 255, 255)" in data
    assert b"rgb(190, 123, 0)" in data
    assert b"rgb(240, 173, 46)" not in data
    assert b"style=" not in data
    assert not re.search(r"click|tap|double|zoom|press", words(data), re.IGNORECASE)
    choose(page, dark=True)
    assert b"rgb(240, 173, 46)" in saved(page, "SVG")[1]


def test_a_png_has_300_dots_an_inch_at_its_width(page: Page, finished: str) -> None:
    opened(page, finished)
    choose(page, mm=85)
    name, data = saved(page, "PNG")
    assert name.endswith(".png")
    picture = Image.open(io.BytesIO(data))
    assert picture.width == round(85 / 25.4 * 300)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert picture.convert("RGB").getpixel((3, 3)) == (255, 255, 255)
    assert data[37:41] == b"pHYs"
    assert struct.unpack(">I", data[50:54])[0] == zlib.crc32(data[37:50])


def test_a_pdf_holds_vectors_and_text_in_the_typeface_of_the_page(page: Page, finished: str) -> None:
    opened(page, finished)
    choose(page, mm=85)
    name, data = saved(page, "PDF")
    assert name.endswith(".pdf")
    assert data.startswith(b"%PDF-")
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", data)
    assert box
    assert float(box[1]) == pytest.approx(85 / 25.4 * 72, abs=0.5)
    assert b"/FontFile2" in data
    assert re.search(rb"/BaseFont /[A-Z+]*Inter", data)
    # Curves, not a picture of them.
    assert b"/Subtype /Image" not in data


def test_an_archive_has_pictures_data_spec_and_caption(page: Page, finished: str, scope: Scope) -> None:
    opened(page, finished, "?at=early_stop")
    choose(page, caption=True, bom=True)
    name, data = saved(page, "ZIP")
    stem = f"{finished}-accuracy_vs_density-early_stop"
    assert name == f"{stem}.zip"
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == sorted(
        [*(f"{stem}.{kind}" for kind in ("pdf", "svg", "png", "csv")), "spec.json", "caption.txt"]
    )
    assert archive.read(f"{stem}.csv").startswith(b"\xef\xbb\xbfcontrol,level")
    spec = archive.read("spec.json")
    assert spec == scope.client.get(f"/api/v1/runs/{finished}/spec").content
    caption = archive.read("caption.txt").decode()
    for part in (
        finished,
        hashlib.sha256(spec).hexdigest()[:12],
        f"/runs/{finished}?",
        "at=early_stop",
        "A finished run",
    ):
        assert part in caption
    shown = words(archive.read(f"{stem}.svg"))
    assert hashlib.sha256(spec).hexdigest()[:12] in shown
    choose(page, caption=False)
    assert finished not in words(saved(page, "SVG")[1])
