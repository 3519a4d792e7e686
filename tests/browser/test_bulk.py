"""Many runs at once by hand: ranges, all that match, what will happen, what has, and the way back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Scope, Watched

BAR = "#bulk-bar"


@pytest.fixture(scope="module")
def six(scope: Scope) -> list[str]:
    """Six runs that wait in line, cancelled, from the oldest."""
    ids = [scope.submit(name=f"bulk {i}") for i in range(6)]
    answer = scope.client.post("/api/v1/runs/bulk", json={"action": "cancel", "runs": ids})
    assert answer.status_code == 200
    for _ in range(200):
        if all(scope.state(each) in ("cancelled", "finished") for each in ids):
            break
    return ids


def _tick(page: Page, name: str, *, shift: bool = False) -> None:
    box = page.get_by_role("row", name=re.compile(name)).get_by_role("checkbox")
    box.click(modifiers=["Shift"] if shift else [])


def _act(page: Page, action: str) -> None:
    page.locator(BAR).get_by_role("button", name=action, exact=True).click()


def test_a_range_is_tagged_and_untagged_again(watched: Watched, scope: Scope, six: list[str]) -> None:
    page = watched()
    page.goto("/?q=name:bulk")
    table = page.locator(".runs table")
    place = table.bounding_box()
    expect(page.locator(BAR)).to_be_hidden()
    _tick(page, "bulk 4")
    _tick(page, "bulk 1", shift=True)
    expect(page.locator("#ticked")).to_have_text("4 runs")
    assert table.bounding_box() == place  # the bar shifts nothing
    page.locator(BAR).get_by_placeholder("tag, tag").fill("tried")
    page.locator(BAR).get_by_placeholder("tag, tag").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4 runs will be tagged “tried”.")
    assert scope.run(six[1])["tags"] == []
    dialog.get_by_role("button", name="Tag 4 runs").click()
    expect(page.locator(BAR)).to_contain_text("4 runs tagged “tried”.")
    expect(page.locator("#rows").get_by_role("link", name="tried", exact=True)).to_have_count(4)
    assert [scope.run(each)["tags"] for each in (six[0], six[4])] == [[], ["tried"]]
    page.locator(BAR).get_by_role("button", name="Undo").click()
    expect(page.locator(BAR)).to_contain_text("4 runs no longer tagged “tried”.")
    assert scope.run(six[4])["tags"] == []
    expect(page.locator("#rows").get_by_role("link", name="tried", exact=True)).to_have_count(0)


def test_two_windows_do_not_overwrite_each_other(watched: Watched, scope: Scope, six: list[str]) -> None:
    one = watched()
    two = watched.another(one.context)
    one.goto("/?q=name:bulk")
    one.locator("#rows input").first.click()
    one.get_by_label(re.compile("that match")).check()
    expect(one.locator("#ticked")).to_have_text("6 runs")
    _act(one, "Bin")
    expect(one.get_by_role("dialog")).to_contain_text("6 runs will be moved to the bin.")
    two.goto(f"/runs/{six[2]}")
    two.get_by_role("button", name="Delete").click()
    one.get_by_role("dialog").get_by_role("button", name="Bin 6 runs").click()
    expect(one.locator(BAR)).to_contain_text("5 of 6 runs moved to the bin; 1 is in the bin already.")
    one.locator(BAR).get_by_role("button", name="Undo").click()
    expect(one.locator(BAR)).to_contain_text("5 runs restored from the bin.")
    assert scope.run(six[2])["deleted_at"] is not None
    two.goto("/bin")
    _tick(two, "bulk 2")
    _act(two, "Restore")
    two.get_by_role("dialog").get_by_role("button", name="Restore 1 run").click()
    expect(two.locator(BAR)).to_contain_text("1 run restored from the bin.")
    assert scope.run(six[2])["deleted_at"] is None


def test_it_works_with_fingers_and_with_keys_alone(watched: Watched, six: list[str]) -> None:
    page = watched(390, 844, has_touch=True)
    page.goto("/?q=name:bulk")
    _tick(page, "bulk 3")
    bar = page.locator(BAR).bounding_box()
    assert bar is not None
    assert bar["x"] >= 0
    assert bar["x"] + bar["width"] <= 390
    assert bar["y"] + bar["height"] <= 844
    _act(page, "Cancel")
    expect(page.get_by_role("dialog")).to_contain_text("The run stays as it is; 1 is cancelled already.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page = watched()
    page.goto("/?q=name:bulk")
    page.locator("#rows input").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#ticked")).to_have_text("1 run")
    page.get_by_label("all shown").focus()
    page.keyboard.press("Space")
    expect(page.locator("#ticked")).to_have_text("6 runs")
    page.locator(BAR).get_by_role("button", name="Export", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("6 runs with ")
    with page.expect_download() as download:
        page.keyboard.press("Enter")  # the button has the focus
    assert download.value.suggested_filename == "runs-6.ticketscope.zip"


def test_the_bin_goes_on_as_the_reader_scrolls(watched: Watched, scope: Scope) -> None:
    body = {"preset": "digits-tickets", "axes": {"seed": {"range": {"low": 1, "high": 54}}}, "budget": {"at_once": 54}}
    sweep = scope.client.post("/api/v1/sweeps", json={**body, "name": "binned"}).json()["id"]
    assert scope.client.delete(f"/api/v1/sweeps/{sweep}", params={"with_runs": True}).status_code == 200
    page = watched()
    page.goto("/bin")
    page.mouse.wheel(0, 20_000)
    expect(page.get_by_role("link", name="binned: seed 1", exact=True)).to_have_count(1)
    expect(page.locator("#said")).to_contain_text("runs are shown: all")
    assert page.evaluate("document.querySelectorAll('tbody tr[id^=run-]').length") >= 54
    page.get_by_role("row", name="binned: seed 1 ", exact=False).get_by_role("checkbox").first.check()
    expect(page.locator("#ticked")).to_have_text("1 run")
