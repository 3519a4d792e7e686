"""The wall of films: one slider moves every strip, they play, and all of it reads on a phone and in both themes."""

from playwright.sync_api import Page, expect

from benchmarks.server import Server
from tests.app.erased_run import ErasedRun
from tests.browser.conftest import Watched, becomes
from tests.browser.film.wall import ADAM, FAST, SGD, go, shot, shows, step
from tests.browser.visits import OVER, faint, schemes


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


def test_it_fits_a_phone_and_can_be_read(watched: Watched, lab: Server, run: ErasedRun) -> None:
    page = watched(390, 844, has_touch=True)
    for query in ("twins=1", "large=1", "scale=frame&align=loss", "cell=adam:0", ""):
        go(page, run, query)
        page.wait_for_timeout(300)
        assert page.evaluate(OVER) <= 0, query
        assert faint(page) == {"light": [], "dark": []}, query
    for theme in schemes(page):
        shows(page, lab, run, SGD, 100, theme=theme)


def test_the_theme_turns_the_pictures(watched: Watched, lab: Server, run: ErasedRun) -> None:
    page = watched(color_scheme="light")
    go(page, run)
    shows(page, lab, run, SGD, 100, theme="light")
    page.click("text=Dark")
    shows(page, lab, run, SGD, 100, theme="dark")
