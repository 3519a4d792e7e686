"""Films of several runs on one slider: in step, on the same step of training, from the keyboard, kept in the link."""

import io
import re

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.store import Store
from benchmarks.server import Server
from tests.app.erased_run import ErasedRun, write_run
from tests.browser.conftest import Watched, becomes
from tests.browser.film.wall import PIXELS


@pytest.fixture(scope="module")
def two(store: Store) -> list[ErasedRun]:
    """Runs of 100 and of 60 steps: the second has no frame at steps of which the first has one."""
    (long,) = write_run(store, {"sgd": (0.1,), "adam": (0.01,)}, widths=(32, 16), twins=False)
    (short,) = write_run(store, {"adam": (0.01,)}, widths=(32,), steps=60, twins=False)
    return [long, short]


def shot(run: ErasedRun, optimizer: str = "adam") -> str:
    return f'#films .shot[data-run="{run.id}"][data-optimizer="{optimizer}"]'


def go(page: Page, runs: list[ErasedRun], query: str = "") -> None:
    page.goto(f"/compare?runs={','.join(run.id for run in runs)}&{query}")
    becomes(page, "document.getElementById('films-rows')?.dataset.step")


def shows(page: Page, lab: Server, run: ErasedRun, at: int) -> None:
    """Wait until a canvas has the pixels of that frame as the server draws it."""
    cell = next(cell for cell in run.cells if cell.optimizer == "adam")
    query = {**cell._asdict(), "step": at, "size": 128, "theme": "light"}
    answer = httpx.get(f"{lab.url}/api/v1/runs/{run.id}/film/frame", params=query, trust_env=False)
    meant = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    for _ in range(100):
        width, height, data = page.evaluate(PIXELS, f"{shot(run)} canvas")
        if np.array_equal(np.array(data, np.uint8).reshape(height, width, 4)[:, :, :3], meant):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{run.id} does not show step {at}")


def test_every_film_is_at_the_step_of_the_slider_or_its_nearest_earlier_frame(
    page: Page, lab: Server, two: list[ErasedRun]
) -> None:
    long, short = two
    go(page, two)
    page.locator("#films-at").scroll_into_view_if_needed()
    expect(page.locator("#films-words")).to_have_text("step 100 of 100")
    expect(page.locator(f"{shot(short)} .step")).to_have_text("step 60")
    expect(page.locator(f"{shot(short)} .earlier")).to_have_text("its last frame")
    expect(page.locator(f"{shot(long)} .earlier")).to_have_text("")
    expect(page.locator("#films-means")).to_have_text(
        "Every training at step 100; one has no frame there and shows its nearest earlier one."
    )
    shows(page, lab, long, 100)
    shows(page, lab, short, 60)
    page.focus("#films-at")
    page.keyboard.press("Home")
    for run in two:
        expect(page.locator(f"{shot(run)} .step")).to_have_text("step 0")
        shows(page, lab, run, 0)
    steps = [sorted(run.spec.observed_steps()) for run in two]
    union = sorted({*steps[0], *steps[1]})
    assert union != steps[0]
    for stop in union[1:]:
        page.keyboard.press("ArrowRight")
        for run, own in zip(two, steps, strict=True):
            there = max(step for step in own if step <= stop)
            expect(page.locator(f"{shot(run)} .step")).to_have_text(f"step {there}")
            expect(page.locator(f"{shot(run)} .earlier")).to_have_text(
                "" if there == stop else "its last frame" if there == own[-1] else f"no frame at {stop}"
            )


def test_films_play_together_from_the_keyboard_and_the_step_is_kept_in_the_link(
    page: Page, two: list[ErasedRun]
) -> None:
    go(page, two, "at=1")
    for run in two:
        expect(page.locator(f"{shot(run)} .step")).to_have_text("step 1")
    page.focus("#films-on")
    page.keyboard.press("Enter")
    for run in two:
        expect(page.locator(f"{shot(run)} .step")).to_have_text("step 2")
    becomes(page, "new URL(location.href).searchParams.get('at') === '2'")
    page.focus("#films-back")
    page.keyboard.press("Space")
    expect(page.locator(f"{shot(two[0])} .step")).to_have_text("step 1")
    page.select_option("#films-speed", "30")
    page.focus("#films-play")
    page.keyboard.press("Enter")
    expect(page.locator("#films-words")).to_have_text("step 100 of 100")
    expect(page.locator("#films-play")).to_have_text("Play")
    expect(page.locator("#films-on")).to_be_disabled()
    expect(page.locator(f"{shot(two[1])} .step")).to_have_text("step 60")


def test_nothing_moves_by_itself_and_with_less_motion_it_plays_slowly(watched: Watched, two: list[ErasedRun]) -> None:
    page = watched(reduced_motion="reduce")
    go(page, two, "at=1")
    assert page.input_value("#films-speed") == "1"
    page.wait_for_timeout(600)
    expect(page.locator("#films-words")).to_have_text("step 1 of 100")


def test_width_and_what_is_shown_are_in_the_link(page: Page, two: list[ErasedRun]) -> None:
    go(page, two)
    page.get_by_role("radio", name="ΔW").check()
    becomes(page, "new URL(location.href).searchParams.get('show') === 'movement'")
    page.locator("#films").get_by_label("width").select_option("16")
    page.wait_for_url(re.compile("width=16"))
    expect(page.locator("#films .shot")).to_have_count(2)
    expect(page.locator("#films-find")).to_contain_text("Without such a training: erased.")
    expect(page.get_by_role("radio", name="ΔW")).to_be_checked()
