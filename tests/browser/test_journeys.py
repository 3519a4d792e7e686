"""Two journeys through the whole program: a manager's morning and a student's week, with runs that cost seconds."""

import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from app.kinds.presets import PRESETS
from tests.browser.conftest import Scope, Watched

BAR = "#bulk-bar"


@pytest.fixture(scope="module")
def lab(scope: Scope, until: Callable[[Callable[[], bool]], None]) -> dict[str, str]:
    """What the manager finds in the morning: three finished runs, and one that failed in the night; ids by name."""
    ids = {}
    for name, lr in (("night 1", 0.0012), ("night 2", 0.003), ("night 3", 0.01)):
        ids[name] = scope.submit(name=name, optimizer={"kind": "adam", "lr": lr})
    until(lambda: all(scope.state(each) == "finished" for each in ids.values()))
    # A disk that lost the bytes of a ticket, which somebody wants to time.
    saved = scope.client.get(f"/api/v1/runs/{ids['night 3']}/artifacts").json()["items"]
    for each in saved:
        if each["name"] == "ticket" and each["key"]["level"] == 2:
            (Path(scope.env["TICKETSCOPE_DATA_DIR"]) / "artifacts" / each["id"][:2] / each["id"]).unlink()
    spec = {**PRESETS["hardware-lenet"].spec.model_dump(mode="json"), "layers": [], "ticket": f"{ids['night 3']}:0:2"}
    answer = scope.client.post("/api/v1/runs", json={"name": "night failed", "spec": {**spec, "replicates": 1}})
    assert answer.status_code == 201, answer.text
    ids["night failed"] = answer.json()["id"]
    until(lambda: scope.state(ids["night failed"]) == "failed")
    return ids


def _tick(page: Page, name: str) -> None:
    page.get_by_role("row", name=re.compile(name)).get_by_role("checkbox").check()


def test_a_managers_morning(watched: Watched, scope: Scope, lab: dict[str, str]) -> None:
    page = watched()
    page.goto("/")
    # What failed, and why.
    page.get_by_role("link", name=re.compile("Failed")).click()
    failed = page.locator(f"#run-{lab['night failed']}")
    expect(failed).to_contain_text("is not in the store")
    failed.get_by_role("link", name="night failed").click()
    expect(page.locator(".failure")).to_contain_text("is not in the store")
    page.goto("/?q=night kind:lottery")
    # Which runs differ, and in what: the learning rate is a column by itself, and sorts.
    page.get_by_role("columnheader", name="lr").get_by_role("link").click()
    names = page.locator("#rows .name")
    expect(names.first).to_have_text(re.compile("night"))
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Group by").select_option("optimizer.lr")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("group=optimizer.lr"))
    expect(page.locator("#live")).to_contain_text("0.003")
    # Three of them side by side.
    page.goto("/?q=night kind:lottery")
    for name in ("night 1", "night 2", "night 3"):
        _tick(page, name)
    page.locator("form#compare button").click()
    expect(page.get_by_role("heading", name="3 runs compared")).to_be_visible()
    expect(page.locator(".figure .plot path.js-line")).not_to_have_count(0)
    page.go_back()
    # Two to keep get a tag; the other goes to the bin, and comes back, as that was a slip.
    page.goto("/?q=name:night")
    for name in ("night 1", "night 2"):
        _tick(page, name)
    page.locator(BAR).get_by_placeholder("tag, tag").fill("paper")
    page.locator(BAR).get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Tag 2 runs").click()
    expect(page.locator(BAR)).to_contain_text("2 runs tagged “paper”.")
    page.goto("/?q=name:night -tag:paper kind:lottery")
    expect(names.get_by_text("night 1")).to_have_count(0)
    page.locator("#rows input").first.check()
    page.get_by_label("all shown").check()
    page.locator(BAR).get_by_role("button", name="Bin", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Bin 1 run").click()
    expect(page.locator(BAR)).to_contain_text("moved to the bin")
    expect(page.get_by_text("No run matches.")).to_be_visible()
    page.locator(BAR).get_by_role("button", name="Undo").click()
    expect(page.locator(BAR)).to_contain_text("restored from the bin")
    expect(names.get_by_text("night 3")).to_be_visible()
    assert scope.run(lab["night 3"])["deleted_at"] is None


def test_a_students_week(
    watched: Watched, scope: Scope, until: Callable[[Callable[[], bool]], None], tmp_path: Path
) -> None:
    page = watched()
    page.goto("/new?preset=digits-tickets")
    small = (("steps", "60"), ("eval_every", "20"), ("levels", "2"), ("replicates", "1"))
    for path, value in small:
        page.fill(f"#f-{path}", value)
    page.fill("#f-name", "week 1")
    page.click("text=Start the run")
    expect(page.get_by_role("heading", name="week 1")).to_be_visible()
    run = page.url.rpartition("/")[2]
    # Live: the page follows without a reload.
    expect(page.locator("#state")).to_contain_text("finished", timeout=60_000)
    page.goto(f"/runs/{run}?tab=masks&level=1")
    page.wait_for_selector(".matrix .main-svg")
    # Once more from another seed, and both side by side.
    page.goto(f"/new?clone={run}")
    page.fill("#f-name", "week 2")
    page.fill("#f-seed", "7")
    page.click("text=Start the run")
    expect(page.get_by_role("heading", name="week 2")).to_be_visible()
    second = page.url.rpartition("/")[2]
    until(lambda: scope.state(second) == "finished")
    assert scope.run(second)["spec"]["seed"] == 7
    page.goto("/?q=name:week")
    for name in ("week 1", "week 2"):
        _tick(page, name)
    page.locator("form#compare button").click()
    expect(page.get_by_role("heading", name="2 runs compared")).to_be_visible()
    # To the laptop: one file, which is read again.
    page.goto(f"/runs/{run}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export run").click()
    file = tmp_path / "week.zip"
    download.value.save_as(file)
    with ZipFile(file) as archive:
        assert f"runs/{run}.jsonl" in archive.namelist()
        assert archive.testzip() is None
    page.goto("/archives")
    page.get_by_label("Choose an archive").set_input_files(file)
    expect(page.locator("#found")).to_contain_text("here already and equal")
    page.get_by_label(re.compile("new ids")).check()
    expect(page.locator("#found")).to_contain_text("1 run will be imported.")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#found")).to_contain_text("1 run imported.")
    page.locator("#found").get_by_role("link", name="week 1").click()
    expect(page.locator("#state")).to_contain_text("finished")
    assert page.url.rpartition("/")[2] not in (run, second)


def test_two_windows_and_a_phone(watched: Watched, scope: Scope) -> None:
    run = scope.submit(name="both windows", steps=4_000, eval_every=100)
    one = watched()
    two = watched.another(one.context)
    one.goto("/?q=name:both")
    two.goto(f"/runs/{run}")
    _tick(one, "both windows")
    one.locator(BAR).get_by_role("button", name="Cancel", exact=True).click()
    one.get_by_role("dialog").get_by_role("button", name="Cancel 1 run").click()
    expect(one.locator(BAR)).to_contain_text("1 run cancelled.")
    # The other window sees it without a reload, and can go on from there.
    expect(two.locator("#state")).to_contain_text("cancelled", timeout=30_000)
    two.get_by_role("button", name="Resume").click()
    expect(one.locator(f"#run-{run} .pill")).to_have_text(re.compile("running|queued"), timeout=30_000)
    phone = watched(390, 844, has_touch=True)
    phone.goto("/?q=name:both")
    _tick(phone, "both windows")
    phone.locator(BAR).get_by_role("button", name="Bin", exact=True).click()
    dialog = phone.get_by_role("dialog")
    expect(dialog).to_contain_text("One of them is live and is cancelled first")
    dialog.get_by_role("button", name="Bin 1 run").click()
    expect(phone.locator(BAR)).to_contain_text("1 run moved to the bin.")
    assert phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert scope.run(run)["deleted_at"] is not None
