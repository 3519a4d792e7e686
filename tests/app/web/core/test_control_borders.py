"""Borders of controls have at least 3:1 against every background in both themes (WCAG 2.2, 1.4.11)."""

import re

import pytest

from tests.app.plotting.test_style import GROUNDS, STATIC, color, ratio

# The last part of a selector that is a control. A disabled one is exempt; the thumb of a slider is filled.
CONTROL = re.compile(
    r"(?:^|[\s>])(?:input(?!\S*\btype=.(?:checkbox|radio))|select|textarea|button|\.btn|\.segments(?:\.\w+ label)?"
    r"|\.option > label|::file-selector-button)[^\s>]*$|::-(?:webkit-slider-runnable|moz-range)-track$"
)


def lines_of_controls() -> list[tuple[str, str]]:
    """Selectors of controls, and the token that their border or their track has."""
    found = []
    for path in sorted((STATIC / "css").glob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for selectors, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
            for selector in map(str.strip, selectors.split(",")):
                if not CONTROL.search(selector) or re.search(":disabled|-thumb$", selector):
                    continue
                name = "background" if selector.endswith("-track") else r"border(?:-color|-bottom|-top)?"
                tokens = re.findall(rf"(?:^|[;\s]){name}: [^;]*var\(--([\w-]+)\)", rules)
                found += [(f"{path.name}: {selector}", token) for token in tokens]
    return found


@pytest.mark.parametrize("part", [".btn", ".segments", ".controls select", ".search input", "textarea", "-track"])
def test_the_controls_are_found(part: str) -> None:
    assert any(part in selector for selector, _ in lines_of_controls())


@pytest.mark.parametrize("theme", [0, 1])
def test_borders_of_controls_stand_out_from_every_background(theme: int) -> None:
    low = {
        (selector, token, ground): round(ratio(color(token, theme), color(ground, theme)), 2)
        for selector, token in lines_of_controls()
        for ground in GROUNDS
    }
    assert {each: contrast for each, contrast in low.items() if contrast < 3} == {}
