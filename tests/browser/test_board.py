"""The board by hand: a search completed from the keyboard, columns chosen, runs ticked and compared."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.kinds.presets import PRESETS
from tests.browser.conftest import Scope, Watched


@pytest.fixture(scope="module")
def trained(scope: Scope, until: Callable[[Callable[[], bool]], None]) -> list[str]:
    """Three finished runs, of Adam and of SGD at two rates."""
    optimizers: list[dict[str, Any]] = [
        {"kind": "adam", "lr": 0.0012}, {"kind": "sgd", "lr": 0.1}, {"kind": "sgd", "lr": 0.3},
    ]  # fmt: skip
    ids = [scope.submit(name=f"board {i}", optimizer=each) for i, each in enumerate(optimizers)]
    until(lambda: all(scope.state(run) == "finished" for run in ids))
    return ids


def test_a_search_is_completed_from_the_keyboard(watched: Watched, trained: list[str]) -> None:
    page = watched()
    page.goto("/")
    field = page.get_by_role("combobox", name="Search runs")
    field.press_sequentially("opti")
    expect(page.get_by_role("option", name="optimizer:")).to_be_visible()
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant")
    field.press("Enter")
    expect(field).to_have_value("optimizer:")
    field.press_sequentially("mom")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["momentum_sgd"])
    for _ in range(3):
        field.press("Backspace")
    field.press_sequentially("ad")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["adam", "adamw"])
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.press_sequentially("am -state:fai")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["failed"])
    page.get_by_role("option", name="failed").click()
    expect(field).to_have_value("optimizer:adam -state:failed ")
    field.press("Enter")
    expect(page).to_have_url(re.compile(r"q=optimizer%3Aadam"))
    names = page.locator("#rows .name")
    expect(names.get_by_text("board 0")).to_be_visible()
    expect(names.get_by_text("board 1")).to_have_count(0)


def test_ticked_runs_stay_ticked_and_are_compared(watched: Watched, scope: Scope, trained: list[str]) -> None:
    page = watched()
    page.goto("/?q=name:board")
    for name in ("board 0", "board 2"):
        page.get_by_label(f"Choose {name}").check()
    # The table renews itself when a run comes.
    other = scope.submit(name="board 3")
    expect(page.locator(f"#run-{other}")).to_be_visible()
    assert page.get_by_label("Choose board 0").is_checked()
    assert not page.get_by_label("Choose board 1").is_checked()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="2 runs compared")).to_be_visible()
    expect(page.locator("#figure-compared_accuracy .plot path.js-line")).not_to_have_count(0)
    page.get_by_label("Group by").select_option("optimizer")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#figure-compared_accuracy .find")).to_contain_text("sgd")
    csv = page.locator('#figure-compared_accuracy a[data-export="csv"]').get_attribute("href")
    assert csv
    assert scope.client.get(csv).text.startswith("group,runs,density,replicate,accuracy")


def test_columns_are_chosen_and_rows_are_compact(watched: Watched, trained: list[str]) -> None:
    page = watched()
    page.goto("/?q=name:board")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="steps").check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="steps")).to_be_visible()
    heights = page.evaluate("[...document.querySelectorAll('#rows tr')].map(row => row.getBoundingClientRect().height)")
    top = page.evaluate("document.getElementById('rows').getBoundingClientRect().top")
    assert (900 - top) / max(heights) >= 20
    _fits(page)
    phone = watched(390, 844)
    phone.goto("/?q=name:board")
    _fits(phone)


def _fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_next_runs_come_as_the_reader_nears_the_end_and_are_there_on_back(watched: Watched, scope: Scope) -> None:
    store, spec = scope.store(), PRESETS["digits-tickets"].spec
    for number in range(115):
        store.cancel_run(store.create_run(spec, name=f"many {number:03d}").id)
    store.close()
    page = watched()
    page.goto("/?q=many")
    names = page.locator("tbody a.name")
    expect(names).to_have_count(50)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#said")).to_contain_text("100 runs are shown")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(names).to_have_count(115)
    expect(page.locator("#said")).to_have_text("115 runs are shown: all")
    assert names.all_inner_texts() == [f"many {number:03d}" for number in range(114, -1, -1)]
    # What comes meanwhile moves nothing: it is counted, and shown when it is asked for.
    place = names.nth(80)
    place.scroll_into_view_if_needed()
    before = place.bounding_box()
    scope.submit(name="many and new", seed=7)
    show = page.get_by_role("button", name="1 new run: show")
    expect(show).to_be_visible(timeout=15_000)
    during = place.bounding_box()
    assert before is not None
    assert during is not None
    # Ages that grow longer may widen their column; a row that comes or goes is 30 pixels and more.
    assert abs(during["y"] - before["y"]) < 2
    expect(names).to_have_count(115)
    # Back finds the same runs at the same place, though there is one more above.
    name = place.inner_text()
    place.click()
    page.wait_for_url("**/runs/*")
    page.go_back()
    expect(names).to_have_count(116)
    again = page.get_by_role("link", name=name, exact=True)
    expect(again).to_be_in_viewport()
    after = again.bounding_box()
    assert after is not None
    assert abs(after["y"] - before["y"]) < 40


RENEWED = """async () => {
  const script = document.querySelector('script[src$="js/shell.js"]').src;
  const {morph} = await import(script.replace('shell.js', 'morph.js'));
  const live = document.getElementById('live');
  const table = live.querySelector('table');
  const name = table.querySelector('a.name');
  const [plain, noted] = [live.cloneNode(true), live.cloneNode(true)];
  const note = document.createElement('p');
  note.textContent = 'Something is being computed.';
  noted.querySelector('table').parentElement.before(note);
  name.focus();
  morph(live, noted);
  const notes = live.textContent.includes(note.textContent);
  morph(live, plain);
  return [notes, live.textContent.includes(note.textContent), live.querySelector('table') === table,
          document.activeElement === name];
}"""


def test_a_line_that_comes_and_goes_above_the_table_leaves_the_table(watched: Watched, trained: list[str]) -> None:
    page = watched()
    page.goto("/?q=name:board")
    assert page.evaluate(RENEWED) == [True, False, True, True]


def test_the_next_page_is_a_link_for_the_keyboard(watched: Watched, scope: Scope) -> None:
    page = watched()
    page.goto("/?q=many&sort=name")
    link = page.get_by_role("link", name="Next 50")
    link.focus()
    link.press("Enter")
    expect(page.locator("[data-appended] a.name:focus")).to_have_count(1)
    assert page.url.endswith("/?q=many&sort=name")
