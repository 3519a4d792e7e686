"""What the wall shows of a frame, and by what its films are aligned."""

import numpy as np
from playwright.sync_api import Page, expect

from benchmarks.server import Server
from tests.app.erased_run import ErasedRun
from tests.browser.film.wall import FAST, SGD, go, pixels, shot, shows, step


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
