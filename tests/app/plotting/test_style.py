"""Looks of optimizers: the same in figures, style sheet and browser, readable, and apart for every common eye."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from app.atlas.palettes import ramp
from app.plotting.style import FORMATS, LOOKS, OPTIMIZERS, axis, figure, literal, note
from tests.app.atlas.test_palettes import EYES, contrast, distance, linear, seen

STATIC = Path(__file__).parents[3] / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text()
# One of each family; members of a family are told apart by dash and marker.
FAMILIES = ("sgd", "adam", "dualised", "shampoo", "sam")
# Many times the 2.3 of CIELAB that is just noticed between patches side by side (Mahy et al. 1994).
APART = 20


def color(name: str, theme: int) -> str:
    """The variable's colour in the light (0) or the dark theme (1)."""
    value = re.search(rf"--{re.escape(name)}: ([^;]+);", TOKENS)
    assert value, name
    if other := re.fullmatch(r"var\(--(\S+)\)", value[1]):
        return color(other[1], theme)
    found = re.findall(r"#[0-9a-f]{6}", value[1])
    assert len(found) == 2
    return str(found[theme])


def variable(optimizer: str) -> str:
    return optimizer.replace("_", "-")


def ratio(one: str, other: str) -> float:
    a, b = (linear(ramp((each,), 1))[0] for each in (one, other))
    return contrast(a, b)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_style_sheet_has_the_colour_of_the_figures(optimizer: str) -> None:
    assert color(variable(optimizer), 0) == OPTIMIZERS[optimizer].color
    text = f".b-{optimizer} {{ color: var(--{variable(optimizer)}-text); }}"
    assert text in (STATIC / "css" / "parts.css").read_text()
    assert LOOKS[optimizer] is OPTIMIZERS[optimizer]


def test_the_browser_recolours_every_optimizer() -> None:
    names = re.search(r"const OPTIMIZERS = \[([^\]]+)\]", (STATIC / "js" / "recolor.js").read_text())
    assert names
    assert re.findall(r'"(\w+)"', names[1]) == list(OPTIMIZERS)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_lines_and_text_stand_out_from_every_background(optimizer: str, theme: int) -> None:
    for background in ("paper", "card", "wash"):
        behind = color(background, theme)
        assert ratio(color(variable(optimizer), theme), behind) >= 3  # WCAG 2.2, 1.4.11
        assert ratio(color(f"{variable(optimizer)}-text", theme), behind) >= 4.5  # WCAG 2.2, 1.4.3


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


def script(name: str) -> dict[str, str]:
    """A table of recolor.js: role -> variable."""
    text = (STATIC / "js" / "recolor.js").read_text()
    return dict(re.findall(r'(\w+): "([\w-]+)"', text.partition(f"const {name} = ")[2].partition("};")[0]))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_the_colour_of_the_figures_in_style_sheet_and_browser(name: str) -> None:
    variable = script("ROLES")[name]
    assert color("ink" if variable == "dense" else variable, 0) == FORMATS[name].color
    # Ink is text as it is.
    written = script("TEXT").get(name, "ink")
    assert written == ("ink" if variable == "dense" else f"{variable}-text")
    assert f".b-{name} {{ color: var(--{written}); }}" in (STATIC / "css" / "parts.css").read_text()


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1])
def test_formats_are_told_apart_by_every_eye(theme: int, eye: str) -> None:
    colors = seen(tuple(color(variable, theme) for variable in (script("ROLES")[name] for name in FORMATS)), eye)
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
    assert literal(text) == expected
    made = figure(
        [{"type": "scatter", "x": [0], "y": [0], "text": [text]}], title=text, finding=(), foot=text, n=1,
        xaxis=axis("x", tickvals=[0], ticktext=[text]), yaxis=axis("y"), annotations=[note(text)],
    )  # fmt: skip
    assert (made.data[0].text[0], made.layout.xaxis.ticktext[0]) == (expected, expected)
    assert made.layout.annotations[-1].text == expected
    # The page sets these as text.
    assert (made.layout.meta["title"], made.layout.meta["foot"]) == (text, text)
