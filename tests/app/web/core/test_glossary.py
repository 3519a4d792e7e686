"""Terms explain themselves: the glossary is read once, and the first use of a term on a page carries its meaning."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from app.files import DOCS
from app.web.core.glossary import ON_PAGES, Term, explain, hinted, terms
from tests.app.conftest import Hand

HTML = {"Accept": "text/html"}
PAGES = ("/", "/new", "/new?kind=erasure", "/new?kind=hardware", "/new?kind=stable_rank", "/erasure", "/hardware",
         "/presets", "/import", "/workers", "/bin", "/protocol")  # fmt: skip
TABS = ("curves", "masks", "movement", "overlap", "training", "spec", "log")
NO_HINTS = ("a", "button", "code", "h1", "h2", "label", "option", "output", "pre", "script", "select", "style",
            "summary", "svg", "textarea", "template", "noscript", "dialog", "title")  # fmt: skip


class Reading(HTMLParser):
    """The running text of <main>, piece by piece, each with the term that it is marked as."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, str, bool]] = []
        self.pieces: list[tuple[str, str]] = []
        self.feed(html[html.index("<main") : html.index('<div id="meanings"')])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "img", "input", "link", "meta", "source", "hr", "wbr"):
            return
        given = dict(attrs)
        mark = given.get("aria-describedby") or "" if given.get("class") == "term" else ""
        self.stack.append((tag, mark, (tag in NO_HINTS and not mark) or "data-plain" in given))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(skipped for _, _, skipped in self.stack):
            self.pieces.append((data, next((mark for _, mark, _ in self.stack if mark), "")))


def used_without_a_hint_first(html: str) -> list[str]:
    """Words of terms whose first use in the running text of a page is not marked."""
    seen: set[str] = set()
    missing = []
    words = re.compile("|".join(sorted(map(re.escape, hinted()), key=len, reverse=True)), re.IGNORECASE)
    for text, mark in Reading(html).pieces:
        for found in words.finditer(text):
            before, after = text[: found.start()][-1:], text[found.end() :].removeprefix("s")[:1]
            if re.match(r"[\w/.-]", before) or re.match(r"[\w-]", after):
                continue
            term = hinted()[found[0].lower()]
            if term.name not in seen and mark != term.anchor:
                missing.append(found[0])
            seen.add(term.name)
    return missing


@pytest.mark.parametrize("name", sorted(ON_PAGES))
def test_every_term_that_pages_explain_is_in_the_glossary(client: httpx.Client, name: str) -> None:
    term = next(each for each in terms() if each.name == name)
    page = client.get("/glossary", headers=HTML).text
    row = re.search(rf'<tr id="row-{term.anchor}">\s*<td>([^<]+)</td>\s*<td>', page)
    assert row is not None
    assert row[1] == ", ".join(term.words)


def test_the_glossary_is_read_from_its_file_row_by_row() -> None:
    rows = [line for line in (DOCS / "glossary.md").read_text().splitlines() if line.startswith("| ")]
    assert len(terms()) == len(rows) - 1
    words = [word for term in terms() for word in term.words]
    assert len(set(words)) == len(words)
    assert len({term.anchor for term in terms()}) == len(terms())
    adjusted = next(term for term in terms() if term.name == "adjusted overlap")
    assert "min(|a|, |b|)" in adjusted.meaning


@pytest.mark.parametrize("path", PAGES)
def test_the_first_use_of_a_term_on_a_page_carries_its_meaning(client: httpx.Client, path: str) -> None:
    assert used_without_a_hint_first(client.get(path, headers=HTML).text) == []


@pytest.mark.parametrize("tab", TABS)
def test_the_first_use_of_a_term_on_a_run_carries_its_meaning(client: httpx.Client, hand: Hand, tab: str) -> None:
    run = hand.run(start=False)
    assert used_without_a_hint_first(client.get(f"/runs/{run.id}?tab={tab}", headers=HTML).text) == []


def test_the_check_notices_a_term_without_a_hint() -> None:
    page = '<main><p>each replicate</p><div id="meanings"></div></main>'
    assert used_without_a_hint_first(page) == ["replicate"]
    assert used_without_a_hint_first(explain("<main><p>each replicate</p></main>")) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>Replicates and replicates</p>", "<p>{Replicates:replicate} and replicates</p>"),
        ("<p>high densities</p>", "<p>high {densities:density}</p>"),
        ("<p>a shuffled mask</p>", "<p>a {shuffled mask:shuffled-mask}</p>"),
        ("<a href='/level'>level</a><p>level</p>", "<a href='/level'>level</a><p>{level:level}</p>"),
        ("<label>draws <b>twin</b></label>", "<label>draws <b>twin</b></label>"),
        (
            "<p data-plain>my <b>twin</b> level</p><p>twin</p>",
            "<p data-plain>my <b>twin</b> level</p><p>{twin:twin}</p>",
        ),
        ("<p>multilevel, levelled, /level, level-1</p>", "<p>multilevel, levelled, /level, level-1</p>"),
    ],
)
def test_words_are_marked_once_and_only_in_running_text(before: str, after: str) -> None:
    made = explain(f"<main>{before}</main>", "/sub")
    link = r'<a class="term" href="/sub/glossary#row-term-\2" aria-describedby="term-\2">\1</a>'
    expected = re.sub(r"\{([^:}]+):([^}]+)\}", link, after)
    assert made.startswith(f'<main>{expected}<div id="meanings" hidden>')


def test_what_people_write_is_left_alone(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    assert client.patch(f"/api/v1/runs/{run.id}", json={"notes": "each replicate"}).status_code == 200
    text = client.get(f"/runs/{run.id}", headers=HTML).text
    assert re.search(r'<div class="notes written" data-plain>\s*<p>each replicate</p>', text)


@pytest.mark.parametrize("changing", ['<p data-live id="a">', '<p class="find">'])
def test_marks_do_not_depend_on_parts_that_change(changing: str) -> None:
    def after(words: str) -> str:
        return explain(f"<main><div>{changing}{words}</p><p data-live>each ticket</p></div></main>").split("</p>")[1]

    assert after("a ticket is trained") == after("done")
    assert 'class="term"' in after("done")


def test_a_term_is_named_by_its_first_word() -> None:
    assert Term(("random reinit", "reinit"), "x").anchor == "term-random-reinit"
