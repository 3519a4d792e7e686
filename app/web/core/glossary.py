"""Terms that explain themselves where they are used: the glossary, read once, and the hints that pages get from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape

from app.files import DOCS

# Terms of the glossary that a reader of the pages may not know. Others are everyday words, or used in code only.
ON_PAGES = frozenset(
    {
        "adjusted overlap", "break-even", "censored", "compacted", "control", "CSR", "dead input", "density",
        "diverged", "draw", "dualised", "early stop", "global magnitude", "IoU", "layerwise magnitude", "level",
        "magnitude at init", "nested", "numeric plan", "one-shot", "prunable", "pruned at level", "random mask",
        "random reinit", "replicate", "rewind step", "semi-structured", "shuffled mask", "sparsity", "spec",
        "stable rank", "structured", "ticket", "twin", "unit-permuted",
    }
)  # fmt: skip
# Where a link inside would be wrong, or the words are not ours.
_NOT_IN = frozenset(
    {"a", "button", "code", "dialog", "h1", "h2", "label", "noscript", "option", "output", "pre", "script",
     "select", "style", "summary", "svg", "template", "textarea", "title"}
)  # fmt: skip
# What may be out of sight, or change, while the page around it does not.
_FOLDS = re.compile(r"""<details|class=["'][^"']*\b(?:inner|off|find)\b|\sdata-live\b""")
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^>]*)>")


@dataclass(frozen=True)
class Term:
    """A term of the glossary: the words that it goes by, the first of them its name, and what it means."""

    words: tuple[str, ...]
    meaning: str

    @property
    def name(self) -> str:
        """Return the first of its words."""
        return self.words[0]

    @property
    def anchor(self) -> str:
        """Return the HTML id of its row in the glossary."""
        return "term-" + re.sub(r"\W+", "-", self.name.lower()).strip("-")


@cache
def terms() -> tuple[Term, ...]:
    """Return the rows of docs/glossary.md; none where an installation lacks it."""
    path = DOCS / "glossary.md"
    if not path.is_file():
        return ()
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", path.read_text("utf-8"), re.MULTILINE)
    return tuple(Term(tuple(words.split(", ")), meaning.replace(r"\|", "|")) for words, meaning in rows[1:])


@cache
def hinted() -> Mapping[str, Term]:
    """Return the terms that pages explain, by each of their words in lower case."""
    return {word.lower(): term for term in terms() if term.name in ON_PAGES for word in term.words}


@cache
def _pattern() -> re.Pattern[str]:
    """Return the expression that finds a hinted term; longer words come first."""
    words = sorted(hinted(), key=len, reverse=True)
    return re.compile(rf"(?<![\w/.-])({'|'.join(map(re.escape, words))})(s?)(?![\w-])", re.IGNORECASE)


@cache
def _meanings() -> str:
    """Return what every page has out of sight: the meaning of each hinted term, for readers aloud and for scripts."""
    meanings = dict.fromkeys(hinted().values())
    texts = (
        f'<p id="{term.anchor}" data-words="{escape(",".join(term.words))}">{escape(term.meaning)}</p>'
        for term in meanings
    )
    return f'<div id="meanings" hidden>{"".join(texts)}</div>'


def explain(html: str, root: str = "") -> str:
    """Return a page in which the first use of each hinted term leads to the glossary, and has its meaning at hand."""
    start = html.find("<main")
    end = html.find("</main>")
    if start < 0 or end < 0 or not hinted():
        return html
    return f"{html[:start]}{_mark(html[start:end], root)}{_meanings()}{html[end:]}"


def _mark(body: str, root: str) -> str:
    """Return `body` with the first use of each term in its running text marked.

    What may be out of sight, such as folded details, or change, such as live parts, is marked by itself. It uses up no
    first use of the page, so that one part's words never move another's.
    """
    parts: list[str] = []
    used: set[str] = set()
    outer: list[tuple[str, int, set[str]]] = []
    at, closed_by, depth = 0, "", 0

    def mark(match: re.Match[str]) -> str:
        term = hinted()[match[1].lower()]
        if term.name in used:
            return match[0]
        used.add(term.name)
        link = f'href="{root}/glossary#row-{term.anchor}" aria-describedby="{term.anchor}"'
        return f'<a class="term" {link}>{match[0]}</a>'

    for tag in TAG.finditer(body):
        text = body[at : tag.start()]
        parts.append(text if closed_by or not text.strip() else _pattern().sub(mark, text))
        parts.append(tag[0])
        at = tag.end()
        name, closes = tag[2].lower(), bool(tag[1])
        if closed_by:
            if name == closed_by and not tag[3].endswith("/"):
                depth += -1 if closes else 1
            if not depth:
                closed_by = ""
        elif not closes and (name in _NOT_IN or "data-plain" in tag[3]):
            closed_by, depth = name, 1
        elif outer and name == outer[-1][0] and (closes or not _FOLDS.search(tag[0])):
            kind, inside, before = outer.pop()
            inside += -1 if closes else 1
            if inside:
                outer.append((kind, inside, before))
            else:
                used = before
        elif not closes and _FOLDS.search(tag[0]):
            outer.append((name, 1, used))
            used = set(used)
    parts.append(body[at:])
    return "".join(parts)
