"""A sweep in the browser: typed into the form, watched until it ends, extended; nothing moves by itself."""

import re

from playwright.sync_api import expect

from app.kinds.presets import PRESETS
from tests.browser.conftest import Scope, Watched
from tests.browser.test_layout_shift import STILL, WATCH, shifts
from tests.browser.visits import OVER

SMALL = {"steps": 40, "eval_every": 20, "levels": 1, "replicates": 1, "branches": []}


def test_a_live_sweep_goes_on_by_itself_and_nothing_moves(watched: Watched, scope: Scope) -> None:
    spec = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **SMALL}
    body = {
        "spec": spec,
        "name": "At any width",
        "axes": {"optimizer.lr": {"log_range": {"low": 1e-4, "high": 0.1}}, "batch_size": {"values": [30, 60]}},
        "sampler": {"kind": "adaptive", "seed": 1},
        "budget": {"runs": 4, "at_once": 2},
    }
    desk, phone = watched(1280, 900), watched(390, 844, color_scheme="dark")
    for page in (desk, phone):
        page.goto("/glossary")
    sweep = scope.client.post("/api/v1/sweeps", json=body).json()["id"]
    for page in (desk, phone):
        page.goto(f"/sweeps/{sweep}")
        page.evaluate(WATCH)
    for page in (desk, phone):
        expect(page.locator("#state")).to_contain_text("finished", timeout=120_000)
        expect(page.locator("#progress")).to_contain_text("4 of 4 runs ended · 4 finished")
        expect(page.locator("#find-best_so_far")).to_contain_text("Best: ", timeout=20_000)
        expect(page.locator("#members tbody tr")).to_have_count(4)
        expect(page.locator("#members tr.best")).to_have_count(1)
        assert page.evaluate(OVER) <= 0
        assert sum(each["value"] for each in shifts(page)) <= STILL, shifts(page)


def test_several_values_in_a_field_make_a_sweep_without_a_script(watched: Watched, scope: Scope) -> None:
    page = watched(java_script_enabled=False)
    page.goto("/new?preset=digits-tickets")
    page.fill("#f-seed", "0..2")
    for path, value in (("steps", "20"), ("eval_every", "20"), ("levels", "1"), ("replicates", "1")):
        page.fill(f"#f-{path}", value)
    page.click("text=Start the run")
    page.wait_for_url("**/sweeps/*")
    expect(page.locator("#progress")).to_contain_text("of 3 runs ended")
    page.click("text=Cancel all")
    expect(page.locator("#state")).to_contain_text("cancel")
    scope.client.post(f"/api/v1/sweeps/{page.url.rpartition('/')[2]}/cancel")


def test_a_preview_says_how_many_runs_a_form_comes_to(watched: Watched) -> None:
    page = watched()
    page.goto("/new?preset=digits-tickets")
    page.fill("#f-optimizer-adam-lr", "1e-4..1e-1 log 4")
    page.fill("#f-seed", "1, 2")
    expect(page.locator("#estimate")).to_contain_text("8 runs")
    expect(page.locator("#estimate .first li").first).to_have_text("lr 0.0001, seed 1")
    page.fill("#f-seed", "0..999999")
    expect(page.locator("#estimate")).to_contain_text("a sweep has at most 1,000")


def test_figures_without_enough_runs_draw_no_axis(watched: Watched, scope: Scope) -> None:
    """Runs that wait for a GPU: each figure says what it needs, and keeps its room."""
    spec = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **SMALL, "device": "gpu"}
    axes = {"optimizer.lr": {"values": [0.001 * 1.3**i for i in range(12)]}, "batch_size": {"values": [30, 60]}}
    answer = scope.client.post("/api/v1/sweeps", json={"spec": spec, "axes": axes, "name": "Never run"})
    assert answer.status_code == 201, answer.text
    sweep = answer.json()["id"]
    page = watched(1280, 900)
    page.goto(f"/sweeps/{sweep}")
    for card in page.locator("[data-figure]").all():
        card.scroll_into_view_if_needed()
        expect(card.locator(".main-svg").first).to_be_visible(timeout=20_000)
        expect(card).to_have_class(re.compile(r"\bawaited\b"))
        expect(card.get_by_text("Drawn as soon as there is enough")).to_be_visible()
        expect(card.locator(".xtick, .ytick, .zerolinelayer path, .gridlayer path")).to_have_count(0)
    expect(page.locator("#find-importance")).to_have_text("Needs 20 runs with a value: 0 so far, 20 missing.")
    scope.client.post(f"/api/v1/sweeps/{sweep}/cancel")
    ended = watched(1280, 900)
    ended.goto(f"/sweeps/{sweep}")
    expect(ended.locator("#figure-importance")).to_have_class(re.compile(r"\bblank\b"))
    expect(ended.locator("#find-importance")).to_contain_text("No more of them run.")
