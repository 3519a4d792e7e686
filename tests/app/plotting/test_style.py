"""Looks: the same in figures, style sheet and browser, readable, and apart for every common eye."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from app.atlas.palettes import ramp
from app.contract.palette import PAGE
from app.plotting.style import FORMATS, LOOKS, axis, figure, literal, note, whole_ticks
from tests.app.atlas.test_palettes import EYES, contrast, distance, linear, seen

STATIC = Path(__file__).parents[3] / "static"
PALETTE = (STATIC / "css" / "palette.css").read_text()
# One of each family; members of a family are told apart by dash and marker.
FAMILIES = ("sgd", "adam", "dualised", "shampoo", "sam")
# Many times the 2.3 of CIELAB that is just noticed between patches side by side (Mahy et al. 1994).
APART = 20


def color(name: str, theme: int) -> str:
    """The variable's colour in the light (0) or the dark theme (1)."""
    value = re.search(rf"--{re.escape(name)}: ([^;]+);", PALETTE)
    assert value, name
    matches = re.findall(r"#[0-9a-f]{6}", value[1])
    assert len(matches) == 2
    return str(matches[theme])


def variable(role: str) -> str:
    return role.replace("_", "-")


def ratio(one: str, other: str) -> float:
    a, b = (linear(ramp((item,), 1))[0] for item in (one, other))
    return contrast(a, b)


@pytest.mark.parametrize("role", LOOKS)
def test_the_style_sheet_has_the_colour_of_the_figures(role: str) -> None:
    assert color(variable(role), 0) == LOOKS[role].color
    assert (f".b-{role} {{ color: var(--{variable(role)}-text); }}" in PALETTE) == (role not in ("pruned", "soft"))


def test_the_browser_recolours_every_role() -> None:
    assert re.findall(r'^  "(\w+)",$', (STATIC / "js" / "palette.js").read_text(), re.MULTILINE) == list(LOOKS)


# Hues that only a ramp of a matrix has, ordered by lightness.
RAMPS = "app/atlas/palettes.py"


def test_no_colour_is_written_outside_the_palette_and_the_descriptions() -> None:
    root = STATIC.parent
    files = [file for room, kind in (("app", "py"), ("static/css", "css"), ("static/js", "js"), ("templates", "html"))
             for file in (root / room).rglob(f"*.{kind}")]  # fmt: skip
    named = {str(file.relative_to(root)) for file in files if re.search(r"#[0-9a-fA-F]{6}\b", file.read_text())}
    assert "app/methods/optimizer/muon.py" in named
    assert {name for name in named if not name.startswith("app/methods/")} == {
        "app/contract/palette.py", "static/css/palette.css", RAMPS,
    }  # fmt: skip


# Backgrounds, the hairlines between parts, and what is drawn on the sheet alone.
GROUNDS = ("paper", "card", "wash")
NO_MARKS = {*GROUNDS, "line", "sheet", "sheet-soft"}


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("name", [*map(variable, LOOKS), *(name for name in PAGE if name not in NO_MARKS)])
def test_lines_and_text_stand_out_from_every_background(name: str, theme: int) -> None:
    for ground in GROUNDS:
        behind = color(ground, theme)
        assert ratio(color(name, theme), behind) >= 3  # WCAG 2.2, 1.4.11
        if f"--{name}-text" in PALETTE:
            assert ratio(color(f"{name}-text", theme), behind) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("name", ["ink", "ink-hover", "soft", "faint"])
def test_words_of_the_page_stand_out_from_every_background(name: str, theme: int) -> None:
    for ground in GROUNDS:
        assert ratio(color(name, theme), color(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_words_stand_out_from_the_sheet_to_draw_on(theme: int) -> None:
    assert ratio(color("sheet-soft", theme), color("sheet", theme)) >= 4.5


def test_every_role_and_every_mark_of_the_page_has_a_colour_of_text() -> None:
    worded = set(re.findall(r"--([\w-]+)-text:", PALETTE))
    assert worded == {*map(variable, LOOKS), *(name for name, each in PAGE.items() if each.text_light)}
    used = re.findall(r"(?<![\w-])color: var\(--([\w-]+)\)", "".join(
        file.read_text() for file in (STATIC / "css").glob("*.css") if file.name != "palette.css"))  # fmt: skip
    assert set(used) <= {"ink", "ink-hover", "soft", "faint", "sheet-soft", "card", "paper"} | {
        f"{name}-text" for name in worded
    }


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1])
def test_families_are_told_apart_by_every_eye(theme: int, eye: str) -> None:
    colors = seen(tuple(color(variable(name), theme) for name in FAMILIES), eye)
    for one, other in combinations(colors, 2):
        assert distance(one, other) > APART


def test_spectral_sgd_and_its_dualised_twin_are_told_apart_by_every_eye() -> None:
    for theme in (0, 1):
        for eye in EYES:
            one, other = seen(tuple(color(name, theme) for name in ("spectral-sgd", "dualised")), eye)
            assert distance(one, other) > APART


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1])
def test_formats_are_told_apart_by_every_eye(theme: int, eye: str) -> None:
    colors = seen(tuple(color(variable(name), theme) for name in FORMATS), eye)
    for one, other in combinations(colors, 2):
        assert distance(one, other) > APART


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>bold<b>", "&lt;b>bold&lt;b>"),
        ("a&lt;b", "a&amp;lt;b"),
        ("fc1<br>0.5", "fc1<br>0.5"),
        ("%{text}<extra></extra>", "%{text}<extra></extra>"),
    ],
)
def test_markup_in_names_is_text(text: str, expected: str) -> None:
    assert literal({"text": [text], "source": text}) == {"text": [expected], "source": text}
    plot = figure(
        [{"type": "scatter", "x": [0], "y": [0], "text": [text]}], title=text, finding=(), foot=text, n=1,
        xaxis=axis("x", tickvals=[0], ticktext=[text]), yaxis=axis("y"), annotations=[note(text)],
        images=[{"source": "/frame?step=1&width=9"}],
    )  # fmt: skip
    assert (plot.data[0].text[0], plot.layout.xaxis.ticktext[0]) == (expected, expected)
    assert plot.layout.annotations[-1].text == expected
    assert plot.layout.images[0].source == "/frame?step=1&width=9"
    # The page sets these as text.
    assert (plot.layout.meta["title"], plot.layout.meta["foot"]) == (text, text)


def test_few_whole_numbers_have_a_tick_each() -> None:
    assert whole_ticks([0, 1, 1, float("nan")]) == {"dtick": 1}
    for others in ([], [float("nan")], [3], [0, 0.5], [30, 60], [float("inf"), 1]):
        assert whole_ticks(others) == {}
