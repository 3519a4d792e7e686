"""axe-core finds nothing serious or critical on any page, in either theme."""

import json

import pytest

from tests.browser.accessible import COLOUR
from tests.browser.conftest import Scope, Watched
from tests.browser.visits import OWN, Visits, views

MORE = ["/archives", "/glossary", "/erasure", "/?q=nonsense:1", "/compare", "/compare?runs={run},{other}"]


@pytest.fixture(scope="module")
def other(scope: Scope) -> str:
    """One more run, to compare with."""
    return scope.submit(name="another run")


@pytest.mark.parametrize("of_runs", [True, False], ids=["runs", "others"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_keeps_a_reader_out(
    visits: Visits, finished: str, swept: str, other: str, theme: str, of_runs: bool
) -> None:
    pages = [path for path in (*OWN, *MORE) if ("{run}" in path) == of_runs]
    paths = [path.format(run=finished, sweep=swept, other=other) for path in pages]
    found = {path: visit.views[theme].violations for path, visit in visits.desk(paths).items()}
    assert {path: here for path, here in found.items() if here} == {}, json.dumps(found, indent=1)


def test_no_dialogue_keeps_a_reader_out(watched: Watched, finished: str) -> None:
    page = watched()
    page.goto(f"/?q=id:{finished}")
    page.locator("#rows input").first.click()
    page.locator("#bulk-bar").get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").wait_for()
    assert {theme: view.violations for theme, view in views(page).items()} == {"light": [], "dark": []}
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    assert {theme: view.violations for theme, view in views(page).items()} == {"light": [], "dark": []}


PLANT = """() => {
  const text = Object.assign(document.createElement('p'), {textContent: 'hard to read when it is dark'});
  text.style.color = 'light-dark(black, #222)';
  document.querySelector('main').append(document.createElement('input'), text);
}"""


def test_planted_faults_are_found(watched: Watched) -> None:
    page = watched()
    page.goto("/presets")
    page.evaluate(PLANT)
    found = {theme: [each.partition(":")[0] for each in view.violations] for theme, view in views(page).items()}
    assert found == {"light": ["label"], "dark": ["color-contrast"]}


def test_the_rules_that_read_colours_are_all_of_those_there_are(watched: Watched) -> None:
    """A newer axe-core may have more."""
    page = watched()
    page.goto("/presets")
    views(page)
    rules = page.evaluate("axe.getRules(['cat.color']).map(({ruleId}) => ruleId)")
    off = page.evaluate("axe._audit.rules.filter(({enabled}) => !enabled).map(({id}) => id)")
    assert set(rules) - set(off) == set(COLOUR)
