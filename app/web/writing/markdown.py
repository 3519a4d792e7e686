"""Markdown that people write, as HTML that can do nothing: no tags of theirs, no pictures, links to the web only."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from app.records.discussion import NamedThing
from app.store import Reads
from app.store.ids import ALPHABET
from app.store.mentions import PERSON, names_in
from app.store.people import folded

THING: Final = re.compile(rf"(?<![\w#&/])#([{ALPHABET}]{{10}})\b")
"""A run or sweep by its id."""
_ADDRESS: Final = re.compile(r"(?<!\w)https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]]")
_ANY: Final = re.compile("|".join((THING.pattern, PERSON.pattern, f"({_ADDRESS.pattern})")))
_STATES: Final = {"queued", "running", "cancelling", "cancelled", "failed", "finished", "open", "closed"}
_TAGS: Final = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td", "a", "span",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
_CLASSES: Final = {"a": {"thing", "mention"}, "span": {"pill", *_STATES}}


@dataclass(frozen=True)
class Named:
    """All that texts of a page name: things by id, and names of people by how they are compared."""

    things: Mapping[str, NamedThing]
    people: Mapping[str, str]


NOBODY: Final = Named({}, {})


def things_in(texts: Iterable[str]) -> set[str]:
    """Return ids that texts name, whether there is such a thing or not."""
    return {one[1] for text in texts for one in THING.finditer(text)}


def people_in(texts: Iterable[str]) -> set[str]:
    """Return names that texts mention."""
    return {name for text in texts for name in names_in(text)}


def html(text: str, named: Named = NOBODY, *, root: str = "", top: int = 3) -> Markup:
    """Return Markdown as HTML; its first level of headings is `top`, paths get the sub-path `root` before them."""
    environment = {"named": named, "root": root, "top": top}
    return _clean(_parser().render(text, environment))


def _clean(rendered: str) -> Markup:
    """Return what is allowed of rendered text, whatever has written it."""
    return Markup(  # noqa: S704 (cleaned by an allow-list)
        nh3.clean(
            rendered, tags=_TAGS, attributes=_ATTRIBUTES, allowed_classes=_CLASSES, link_rel="nofollow noopener",
            url_schemes={"http", "https", "mailto"},
        )
    )  # fmt: skip


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    # A picture from elsewhere would tell its server who reads what and when: what is written as one is a link.
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.core.ruler.push("named", _name)
    return parser


def _name(state: StateCore) -> None:
    """Make links of what a text names, and headings as deep as the page wants them."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + state.env['top'] - 1)}"
        if token.type == "inline":
            token.children = list(_linked(token.children or [], state.env))


def _linked(tokens: list[Token], env: Mapping[str, object]) -> Iterable[Token]:
    depth = 0
    for token in tokens:
        if token.type == "link_open":
            depth += 1
            href = str(token.attrs.get("href", ""))
            if re.match(r"/(?!/)", href):
                token.attrs["href"] = f"{env['root']}{href}"
        depth -= token.type == "link_close"
        if token.type == "text" and not depth:
            yield from _split(token.content, env)
        else:
            yield token


def _split(text: str, env: Mapping[str, object]) -> Iterable[Token]:
    end = 0
    for match in _ANY.finditer(text):
        link = list(_link(match, env))
        if link:
            yield _text(text[end : match.start()])
            yield from link
            end = match.end()
    yield _text(text[end:])


def _link(match: re.Match[str], env: Mapping[str, object]) -> Iterable[Token]:
    """Yield the link that a match describes; nothing where no such thing or person is known."""
    named, root = env["named"], env["root"]
    assert isinstance(named, Named)  # noqa: S101 (of `html`)
    thing_id, person, address = match[1], match[2], match[3]
    if address:
        yield from _around("a", {"href": address}, [_text(address)])
    elif thing_id and (thing := named.things.get(thing_id)):
        state = list(_around("span", {"class": f"pill {thing.state}"}, [_text(thing.state)]))
        yield from _around("a", {"href": f"{root}{thing.path}", "class": "thing"}, [_text(f"{thing.name} "), *state])
    elif person and (name := named.people.get(folded(person))):
        yield from _around("a", {"href": f"{root}/?q=owner:{name}", "class": "mention"}, [_text(f"@{name}")])


def _around(tag: str, attrs: Mapping[str, str | int | float], inside: list[Token]) -> Iterable[Token]:
    yield Token(f"{tag}_open", tag, 1, attrs=dict(attrs))
    yield from inside
    yield Token(f"{tag}_close", tag, -1)


def _text(text: str) -> Token:
    return Token("text", "", 0, content=text)


def render(store: Reads, texts: Mapping[str, str], root: str, *, top: int = 3) -> dict[str, Markup]:
    """Return texts by key as HTML, with the runs, sweeps and people that any of them names."""
    written = texts.values()
    named = Named(store.named_things(things_in(written)), store.named_people(people_in(written)))
    return {key: html(text, named, root=root, top=top) for key, text in texts.items()}
