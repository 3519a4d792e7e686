"""The page of several runs by hand: a baseline, smoothing from the keyboard, and what is exported and sent."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Scope, Watched, becomes


@pytest.fixture(scope="module")
def trained(scope: Scope, until: Callable[[Callable[[], bool]], None]) -> list[str]:
    """Two finished runs, of Adam and of SGD."""
    optimizers: list[dict[str, Any]] = [{"kind": "adam", "lr": 0.0012}, {"kind": "sgd", "lr": 0.1}]
    ids = [scope.submit(name=f"compared {i}", optimizer=each) for i, each in enumerate(optimizers)]
    until(lambda: all(scope.state(run) == "finished" for run in ids))
    return ids


def _address(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_baseline_and_smoothing_are_chosen_from_the_keyboard_and_kept_in_the_link(
    watched: Watched, trained: list[str]
) -> None:
    page = watched()
    page.goto(f"/compare?runs={','.join(trained)}")
    expect(page.locator("#find-compared_difference")).to_contain_text("Against compared 0: compared 1")
    baseline = page.get_by_label("Baseline")
    baseline.focus()
    page.keyboard.type("compared 1")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.textContent") != "Show":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#find-compared_difference")).to_contain_text("Against compared 1: compared 0")
    assert _address(page)["baseline"] == [trained[1]]
    card = page.locator("#figure-compared_training")
    card.scroll_into_view_if_needed()
    expect(card.locator(".main-svg").first).to_be_visible()
    card.get_by_role("slider", name=re.compile("smoothing")).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(card.locator(".foot .say")).to_contain_text("3 % of the weight on the points before")
    parts = "document.querySelector('#figure-compared_training .plot').data.map(each => each.meta.part)"
    becomes(page, f"{parts}.filter(each => each === 'raw').length === 2")
    assert _address(page)["smoothing"] == ["3"]
    assert "tab" not in _address(page)
    page.reload()
    expect(card.locator(".foot .say")).to_contain_text("3 % of the weight on the points before")


def test_an_archive_holds_picture_numbers_and_the_specs_of_all_runs(watched: Watched, trained: list[str]) -> None:
    page = watched()
    page.goto(f"/compare?runs={','.join(trained)}")
    card = page.locator("#figure-compared_accuracy")
    expect(card.locator(".main-svg").first).to_be_visible()
    with page.expect_download() as download:
        card.get_by_role("button", name="ZIP").or_(card.locator('[data-export="zip"]')).first.click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        names = {name.rpartition(".")[2]: name for name in archive.namelist()}
        assert set(names) == {"pdf", "svg", "png", "csv", "json", "txt"}
        items = json.loads(archive.read("runs.json"))["items"]
        assert [item["run"]["id"] for item in items] == trained
        assert archive.read(names["csv"]).startswith(b"group,runs,density")
        caption = archive.read("caption.txt").decode()
    assert f"Runs \u201ccompared 0\u201d ({trained[0]}), \u201ccompared 1\u201d ({trained[1]})" in caption


def test_only_lines_that_changed_are_sent_while_a_run_goes_on(
    watched: Watched, scope: Scope, trained: list[str]
) -> None:
    run = scope.submit(name="compared live", steps=400, eval_every=20, levels=2)
    page = watched()
    answers: list[Any] = []

    def keep(answer: Response) -> None:
        if "/compare/figures/compared_accuracy" in answer.url and answer.status == 200:
            answers.append(answer.json())

    page.on("response", keep)
    page.goto(f"/compare?runs={','.join([*trained, run])}")
    becomes(page, f"fetch('/api/v1/runs/{run}').then(r => r.json()).then(r => r.state === 'finished')", 90)
    names = "document.querySelector('#figure-compared_accuracy .plot').data.map(each => each.name)"
    becomes(page, f"{names}.includes('compared live')")
    assert len(answers) > 1
    # Of the runs that ended before nothing is sent twice.
    assert all(len(trace) == 1 for answer in answers[1:] for trace in answer["data"] if trace.get("name") is None)
    assert any("same" in trace for trace in answers[-1]["data"])
    drawn = page.evaluate("document.querySelector('#figure-compared_accuracy .plot').data.map(each => each.meta.role)")
    assert len(set(drawn)) == 3
