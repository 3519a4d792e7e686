"""Terms explain themselves in a real browser: by pointer, by keyboard and by tap, without moving anything."""

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Watched

MEANING = "one independent repetition of the whole experiment with its own seed; n in every figure"


def test_pointing_at_a_term_explains_it_and_moves_nothing(page: Page) -> None:
    page.goto("/new")
    height = page.evaluate("document.documentElement.scrollHeight")
    term = page.locator('main a.term[aria-describedby="term-replicate"]').first
    term.hover()
    bubble = page.locator(".bubble")
    expect(bubble).to_have_text(MEANING)
    expect(bubble).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") == height
    page.mouse.move(0, 0)
    expect(bubble).to_be_hidden()


def test_a_term_in_focus_is_explained_and_escape_closes(page: Page) -> None:
    page.goto("/new")
    term = page.locator('#estimate a.term[aria-describedby="term-density"]')
    term.focus()
    expect(page.locator(".bubble")).to_contain_text("fraction of the prunable weights")
    described = "document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
    assert page.evaluate(described).startswith("fraction of the prunable weights")
    page.keyboard.press("Escape")
    expect(page.locator(".bubble")).to_be_hidden()
    assert page.evaluate("document.activeElement.classList.contains('term')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary#row-term-density")
    expect(page.locator("tr:target")).to_contain_text("density")


def test_a_tap_explains_and_a_tap_elsewhere_closes(watched: "Watched") -> None:
    page = watched(390, 844, has_touch=True, is_mobile=True)
    page.goto("/new")
    page.locator('main a.term[aria-describedby="term-replicate"]').first.tap()
    bubble = page.locator(".bubble")
    expect(bubble).to_have_text(MEANING)
    assert page.url.endswith("/new")
    box = bubble.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.locator("h1").tap()
    expect(bubble).to_be_hidden()


def test_sentences_of_figures_are_explained_when_they_change(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}?tab=masks")
    page.wait_for_selector(".plot .main-svg, .matrix .main-svg")
    page.evaluate("""async () => {
      const { explain } = await import(document.querySelector('script[src*="shell"]').src.replace('shell', 'terms'));
      const sentence = Object.assign(document.createElement('p'), { className: 'find', id: 'written' });
      sentence.innerHTML = 'Each replicate has a <b>density</b>; a replicate is <a href="/">a level</a>.';
      document.querySelector('main').append(sentence);
      explain(sentence);
    }""")
    marked = page.locator("#written a.term")
    expect(marked).to_have_count(2)
    expect(marked.first).to_have_text("replicate")
    expect(page.locator("#written")).to_have_text("Each replicate has a density; a replicate is a level.")
    marked.last.hover()
    expect(page.locator(".bubble")).to_contain_text("fraction of the prunable weights")


def test_a_term_out_of_sight_is_explained_when_it_gets_the_focus(page: Page) -> None:
    page.goto("/new")
    page.evaluate(
        """() => [...document.querySelectorAll('main a.term')]
          .filter((term) => term.checkVisibility() && term.getBoundingClientRect().top > innerHeight + 100)
          .at(-1).focus()"""
    )
    expect(page.locator(".bubble")).to_be_visible()
    page.wait_for_timeout(500)
    expect(page.locator(".bubble")).to_be_visible()
    page.evaluate("scrollBy(0, -300)")
    expect(page.locator(".bubble")).to_be_hidden()
