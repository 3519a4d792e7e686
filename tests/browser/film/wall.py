"""What a test does with the film wall: open it, read its steps, and compare its canvases with the server's frames."""

import io

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from app.kinds.erasure.spec import Cell
from benchmarks.server import Server
from tests.app.erased_run import ErasedRun
from tests.browser.conftest import becomes

OPTIMIZERS = {"sgd": (0.1, 1.0), "adam": (0.01,)}
SIDE = 32
SGD = Cell(SIDE, "picture", "sgd", 0.1)
FAST = SGD._replace(lr=1.0)
ADAM = Cell(SIDE, "picture", "adam", 0.01)


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
