"""Markdown of people as HTML: what it may be, and what never comes of it."""

from html.parser import HTMLParser

import pytest

from app.records.discussion import NamedThing
from app.web.writing.markdown import Named, _clean, html, people_in, things_in

RUN = NamedThing(name="A <b>run</b>", state="finished", path="/runs/0123456789")
NAMED = Named({"0123456789": RUN}, {"ada": "Ada"})
TAGS = {
    "p",
    "br",
    "hr",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "em",
    "strong",
    "s",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "span",
}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=//evil.example>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x)",
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    "![a](http://evil.example/x.png)",
    "![a][b]\n\n[b]: http://evil.example/x.png",
    '[a](http://e.example/"onmouseover=x)',
    "[a](http://e.example 'x\" onmouseover=\"alert(1)')",
    "`<script>`",
    '```"><script>\nx</script>\n```',
    "~~~html\n<script>\n~~~",
    "<a href='x' onclick='y'>z</a>",
    "&lt;script&gt;",
    '"><script>alert(1)</script>',
    "<style>*{display:none}</style>",
    "<!-- --><script>",
    "<![CDATA[<script>]]>",
    '<math><mi//xlink:href="data:x,<script>">',
    "<form action=//evil.example>",
    '@ada" onmouseover=x',
    "#0123456789<script>",
    'https://e.example/"><script>',
    "http://e.example/<img src=x>",
    "[x](http://e.example/%22onclick%3Dx)",
    "|<script>|\n|-|\n|<img src=x onerror=y>|",
    "# <script>",
)


class Seen(HTMLParser):
    """All elements of a fragment with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_acts_comes_of_a_hostile_text(text: str) -> None:
    for rendered in (html(text, NAMED), html(f"before {text} after", NAMED), html(f"* > {text}\n{text}", NAMED)):
        for tag, attributes in Seen(rendered).elements:
            assert tag in TAGS
            assert set(attributes) <= {"href", "title", "class", "rel", "start"}
            if tag == "a" and "href" in attributes:
                assert str(attributes["href"]).startswith(("http://", "https://", "mailto:", "/", "x"))
                assert attributes["rel"] == "nofollow noopener"


@pytest.mark.parametrize(
    "raw", ["<img src=//e>", "<a href='javascript:x' class='btn'>a</a>", "<p style='x' id='y'>a</p>"]
)
def test_what_the_parser_let_through_by_mistake_would_be_taken_away(raw: str) -> None:
    for tag, attributes in Seen(_clean(raw)).elements:
        assert tag in {"a", "p"}
        assert {name: value for name, value in attributes.items() if name != "rel" and value} == {}


def test_a_run_is_a_link_with_its_name_and_state() -> None:
    text = html("see #0123456789, #0000000000 and `#0123456789`", NAMED, root="/lab")
    assert '<a href="/lab/runs/0123456789" class="thing" rel="nofollow noopener">A &lt;b&gt;run&lt;/b&gt; ' in text
    assert text.count('<span class="pill finished">finished</span>') == 1
    assert "#0000000000" in text
    assert "<code>#0123456789</code>" in text
    assert things_in(["#0123456789 x#0123456788 ##0123456787", "#short"]) == {"0123456789"}


def test_only_people_who_are_there_are_named() -> None:
    text = html("@ADA, @nobody and mail@ada.example", NAMED)
    assert text.count('class="mention"') == 1
    assert '<a href="/?q=owner:Ada" class="mention" rel="nofollow noopener">@Ada</a>, @nobody' in text
    assert people_in(["@ada. a@b.c (@bob-x)"]) == {"ada", "bob-x"}


def test_lines_tables_addresses_and_levels_of_headings() -> None:
    text = html("# Title\none\ntwo https://e.example/a?b=1&c=2.\n\n|a|\n|-|\n|1|", top=2)
    assert "<h2>Title</h2>" in text
    assert "one<br>" in text
    assert (
        '<a href="https://e.example/a?b=1&amp;c=2" rel="nofollow noopener">https://e.example/a?b=1&amp;c=2</a>.' in text
    )
    assert "<td>1</td>" in text
    assert '<a href="/lab/runs/x?tab=log" rel' in html("[r](/runs/x?tab=log)", root="/lab")
    assert '<a href="//e.example/x"' in html("[r](//e.example/x)", root="/lab")
