"""Pages that many tests ask about: each is opened once at a desk and once on a phone, and what is measured is kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.accessible import COLOUR, violations
from tests.browser.conftest import Scope, Watched, becomes
from tests.browser.windows import Windows

PAGES = ("/", "/sweeps", "/sweeps/{sweep}", "/sweeps/{sweep}?sort=objective",
         "/new", "/new?extend={run}", "/new?kind=hardware", "/hardware", "/presets", "/workers", "/bin",
         "/protocol", "/docs", "/runs/{run}",
         "/runs/{run}?tab=training&level=1", "/runs/{run}?tab=movement", "/runs/{run}?tab=movement&view=scatter",
         "/runs/{run}?tab=masks&level=1",
         "/runs/{run}?tab=overlap", "/import", "/compare?runs={run}", "/compare",
         "/compare?q=kind:lottery&smoothing=20", "/runs/{run}?tab=spec", "/runs/{run}?tab=log&all=1")  # fmt: skip
# The reference of the API is the work of others.
OWN = [path for path in PAGES if path != "/docs"]
PAPER = {"light": "rgb(250, 249, 246)", "dark": "rgb(19, 19, 23)"}

# What is in sight is there: the typefaces, and each figure, in the colours of the theme or with a word why it is not.
READY = """(() => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(--soft)';
  const soft = getComputedStyle(probe).color;
  probe.remove();
  const shown = [...document.querySelectorAll('.figure .plot, .matrix')].filter(plot =>
    plot.checkVisibility() && plot.getBoundingClientRect().top < innerHeight);
  return document.readyState === 'complete' && document.fonts.status === 'loaded' && shown.every(plot => {
    if (plot.matches('.matrix')) return Number(plot.dataset.drawn ?? 0) > 0;
    const font = plot._fullLayout?.font.color;
    return font ? font === soft : plot.textContent !== '' && !plot.querySelector('.waiting noscript');
  });
})()"""
PAPER_NOW = "getComputedStyle(document.body).backgroundColor"
WORDS = "(document.querySelector('main')?.innerText ?? '').toLowerCase()"
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FAINT = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (el) => {
    for (; el; el = el.parentElement) {
      const color = parse(getComputedStyle(el).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const el of document.querySelectorAll('main *, .side *')) {
    if (el.closest('svg, .skip, .visually-hidden, progress') || !el.checkVisibility()) continue;
    if (![...el.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [one, other] = [light(parse(getComputedStyle(el).color)), light(behind(el))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) bad.push(`${el.className || el.tagName}: ${el.textContent.trim().slice(0, 30)} ${ratio}`);
  }
  return bad;
}"""
TABLES = """() => [...document.querySelectorAll('main table')].map(table => {
  let place = table.parentElement;
  const scrolls = (each) => ['auto', 'scroll'].includes(getComputedStyle(each).overflowX);
  while (place !== document.body && !scrolls(place)) place = place.parentElement;
  const over = place === document.body ? table.getBoundingClientRect().right > innerWidth + 1
    : place.scrollWidth > place.clientWidth + 1;
  const style = getComputedStyle(place);
  return {caption: table.caption?.textContent, over, scrolls: place !== document.body, tab: place.tabIndex,
    role: place.getAttribute('role'), name: place.getAttribute('aria-label'),
    shade: style.backgroundAttachment.includes('local') && style.backgroundImage.includes('gradient')};
})"""


@dataclass(frozen=True)
class View:
    """A page in one theme: its ground, texts of too little contrast, and what axe-core finds."""

    paper: str
    faint: list[str]
    violations: list[str]


@dataclass(frozen=True)
class Visit:
    """A page at a desk: what the browser complained of, how it is in either theme, and its words in small letters."""

    complaints: list[str]
    views: dict[str, View]
    words: str


@dataclass(frozen=True)
class Handheld:
    """A page on a phone: by how many pixels it is too wide, its tables, and its words in small letters."""

    over: int
    tables: list[dict[str, Any]]
    words: str


def schemes(page: Page) -> Iterator[str]:
    """Turn an open page to the dark theme and to the light one."""
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        yield theme


def faint(page: Page) -> dict[str, list[str]]:
    """Texts of too little contrast on an open page, by theme."""
    return {theme: page.evaluate(FAINT) for theme in schemes(page)}


def views(page: Page, *, own: bool = True) -> dict[str, View]:
    """What is measured of an open page in both themes; of one that is not our `own`, the ground only.

    What does not depend on colours is looked for in one of them.
    """
    found = {}
    for theme in schemes(page):
        becomes(page, READY)
        rules = COLOUR if theme == "dark" else None
        found[theme] = View(
            page.evaluate(PAPER_NOW), page.evaluate(FAINT) if own else [], violations(page, rules) if own else []
        )
    return found


class Visits:
    """Opens pages of one server and remembers them by their addresses."""

    def __init__(self, browser: Browser, scope: Scope, windows: Windows) -> None:
        self._browser, self._scope, self._windows = browser, scope, windows
        self._desk: dict[str, Visit] = {}
        self._phone: dict[str, Handheld] = {}

    def desk(self, paths: Iterable[str]) -> dict[str, Visit]:
        """Pages in a window of 1280 × 900 pixels, opened in the dark theme: other tests open them in the light one."""
        if missing := [path for path in paths if path not in self._desk]:
            watched = Watched(self._browser, self._scope.url, self._windows)
            page = watched(color_scheme="dark")
            for path in missing:
                page.emulate_media(color_scheme="dark")
                page.goto(path)
                if "/sweeps/" in path:
                    page.wait_for_selector("#figure-best_so_far .main-svg")
                if "/runs/" in path and "spec" not in path and "log" not in path:
                    page.wait_for_selector(".plot .main-svg, .matrix .main-svg")
                seen = views(page, own=path != "/docs")
                self._desk[path] = Visit(watched.complaints.copy(), seen, page.evaluate(WORDS))
                watched.complaints.clear()
            watched.close()
        return {path: self._desk[path] for path in paths}

    def phone(self, paths: Iterable[str]) -> dict[str, Handheld]:
        """Pages in a window of 390 × 844 pixels that is touched. Fails where the browser complains."""
        if missing := [path for path in paths if path not in self._phone]:
            watched = Watched(self._browser, self._scope.url, self._windows)
            page = watched(390, 844, has_touch=True)
            for path in missing:
                watched.expected = "404" if path == "/nowhere" else ""
                page.goto(path)
                becomes(page, READY)
                self._phone[path] = Handheld(page.evaluate(OVER), page.evaluate(TABLES), page.evaluate(WORDS))
            watched.close()
        return {path: self._phone[path] for path in paths}
