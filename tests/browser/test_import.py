"""Import in a real browser: files in the order of their levels, by mouse and keyboard, with a script and without."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.app.imports.files import Network
from tests.browser.conftest import Scope, Watched
from tests.browser.visits import OVER, PAPER, PAPER_NOW, schemes

CASES = Path(__file__).parents[3] / "shared" / "cases" / "imports"
cases = pytest.mark.skipif(not CASES.is_dir(), reason="the files of cases lie beside the project")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    network = Network(3)
    paths = [tmp_path / f"level{name}.safetensors" for name in ("9", "10", "11")]
    for level, path in enumerate(paths):
        path.write_bytes(network.ticket(level))
    return [str(path) for path in paths]


def look(page: Page) -> None:
    """Have the server recognise the files, and wait for its table."""
    page.click("button.go")
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("button.go")).to_have_text("Import")


def order(page: Page) -> list[str]:
    return page.locator("#levels .file").all_inner_texts()


def test_files_are_put_in_order_and_imported(watched: Watched, scope: Scope, files: list[str]) -> None:
    page = watched()
    page.goto("/import")
    page.set_input_files("#f-files", [files[2], files[0], files[1]])
    assert order(page) == ["level9.safetensors", "level10.safetensors", "level11.safetensors"]
    page.focus('[aria-label="Move level9.safetensors down to level 1"]')
    page.keyboard.press("Enter")
    assert order(page) == ["level10.safetensors", "level9.safetensors", "level11.safetensors"]
    assert page.evaluate("document.activeElement.ariaLabel") == "Move level9.safetensors down to level 2"
    page.keyboard.press("Enter")
    # At the end it can go no further: the way back has the focus.
    assert page.evaluate("document.activeElement.ariaLabel") == "Move level9.safetensors up to level 1"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.click('[aria-label="Leave out level11.safetensors"]')
    page.fill("#f-name", "From a browser")
    page.fill("#f-tags", "one, two")
    look(page)
    page.click("button.go")
    page.wait_for_url("**/runs/*")
    run = scope.run(page.url.rsplit("/", 1)[-1])
    assert run["spec"]["files"] == ["level9.safetensors", "level10.safetensors"]
    assert (run["name"], run["tags"]) == ("From a browser", ["one", "two"])
    expect(page.locator("h1")).to_have_text("From a browser")


def test_the_browsers_own_words_count_the_files_that_are_listed(watched: Watched, files: list[str]) -> None:
    """It writes "No file chosen" beside its button where it holds none."""
    page = watched()
    page.goto("/import")
    held = "[...document.querySelector('#f-files').files].map(each => each.name).join()"
    page.set_input_files("#f-files", [files[2], files[0]])
    assert page.evaluate(held) == "level9.safetensors,level11.safetensors"
    page.set_input_files("#f-files", [files[1]])  # one more
    assert page.evaluate(held).split(",") == order(page)
    assert len(order(page)) == 3
    page.click('[aria-label="Leave out level10.safetensors"]')
    assert page.evaluate(held) == "level9.safetensors,level11.safetensors"
    page.set_input_files("#f-files", [files[1]])  # what was left out may come back
    assert len(order(page)) == 3


@cases
def test_the_table_sums_every_level_and_names_a_collapse(watched: Watched) -> None:
    page = watched()
    page.goto("/import")
    page.set_input_files("#f-files", [str(CASES / f"{name}.safetensors") for name in ("level_0", "level_1_collapsed")])
    look(page)
    expect(page.locator("#preview-summary")).to_contain_text("Kept weights: level 0: ")
    expect(page.locator("#preview-summary")).to_contain_text(re.compile(r"; level 1: .* %\), layer collapse\."))
    expect(page.locator("#preview-warnings li").first).to_contain_text("Layer collapse at level 1 in ")


def test_dropped_files_are_added(watched: Watched, files: list[str]) -> None:
    page = watched()
    page.goto("/import")
    transfer = page.evaluate_handle(
        """() => { const t = new DataTransfer(); for (const name of ["b2", "b10", "b1"])
        t.items.add(new File(["x"], `${name}.safetensors`)); return t; }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    assert order(page) == ["b1.safetensors", "b2.safetensors", "b10.safetensors"]


def test_a_refusal_is_told_at_its_place_and_nothing_is_lost(watched: Watched, files: list[str], tmp_path: Path) -> None:
    watched.expected = "422"
    page = watched(390, 844)
    pickle = tmp_path / "old.pt"
    pickle.write_bytes(b"\x80\x04\x95" + bytes(100))
    page.goto("/import")
    page.click("button.go")
    expect(page.locator("#f-files-error")).to_have_text("Choose at least one file.")
    page.set_input_files("#f-files", [files[0], str(pickle)])
    page.fill("#f-notes", "kept")
    page.click("button.go")
    expect(page.locator("#f-files-error")).to_contain_text("old.pt: this is a pickle")
    assert page.evaluate("document.activeElement.id") == "f-files"
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0
    page.click('[aria-label="Leave out old.pt"]')
    expect(page.locator("#f-files-error")).not_to_be_visible()
    page.fill("#f-name", "x" * 201)
    page.click("button.go")
    expect(page.locator("#f-name ~ .error, .field:has(#f-name) .error")).to_contain_text("name")
    assert page.evaluate("document.activeElement.id") == "f-name"
    expect(page.locator("#f-notes")).to_have_value("kept")
    page.fill("#f-name", "")
    look(page)
    page.click("button.go")
    page.wait_for_url("**/runs/*")


def line(page: Page, tensor: str) -> Locator:
    return page.locator("#preview tbody tr").filter(has=page.get_by_text(tensor, exact=True))


@cases
def test_what_is_recognised_is_shown_and_may_be_changed_before_it_is_stored(watched: Watched, scope: Scope) -> None:
    page = watched()
    page.goto("/import")
    before = len(scope.client.get("/api/v1/runs").json()["items"])
    page.set_input_files("#f-files", str(CASES / "parametrize.safetensors"))
    look(page)
    expect(page.locator("#preview-summary")).to_contain_text("3 layers in 1 network")
    expect(page.locator("#preview-summary")).to_contain_text("87 of 200 weights (43.5 %)")
    mask = line(page, "fc1.parametrizations.weight.0.mask")
    expect(mask.locator("td[data-label=Kept]")).to_have_text("55 of 128")
    expect(mask.locator("td[data-label=Layer]")).to_have_text("fc1")
    bias = line(page, "fc1.bias")
    assert not bias.get_by_role("checkbox").is_checked()
    expect(bias).to_contain_text("not prunable")
    # By keyboard: leave the third layer out.
    for tensor in ("original", "0.mask"):
        page.get_by_role("checkbox", name=f"Read fc3.parametrizations.weight.{tensor}").focus()
        with page.expect_response("**/api/v1/imports?dry_run=true"):
            page.keyboard.press("Space")
    expect(page.locator("#preview-summary")).to_contain_text("2 layers")
    assert len(scope.client.get("/api/v1/runs").json()["items"]) == before
    expect(page.locator("button.go")).to_have_text("Import")
    page.click("button.go")
    page.wait_for_url("**/runs/*")
    run = scope.run(page.url.rsplit("/", 1)[-1])
    assert [layer["name"] for layer in run["provenance"]["layers"]] == ["fc1", "fc2"]


@cases
def test_an_inverted_mask_is_a_question_that_has_to_be_answered(watched: Watched) -> None:
    page = watched(390, 844, color_scheme="dark")
    page.goto("/import")
    page.set_input_files("#f-files", str(CASES / "inverted_mask.safetensors"))
    page.click("button.go")
    expect(page.locator("#f-one_means-error")).to_contain_text(
        "while pruned weights are not. Choose whether 1 means kept or pruned."
    )
    expect(page.locator("button.go")).to_have_text("Show recognised tensors")
    page.get_by_label("pruned", exact=True).check()
    expect(page.locator("#preview-summary")).to_contain_text("87 of 200")
    expect(page.locator("button.go")).to_have_text("Import")
    for theme in schemes(page):
        assert page.evaluate(OVER) <= 0, theme
        assert page.evaluate(PAPER_NOW) == PAPER[theme]
    page.click("button.go")
    page.wait_for_url("**/runs/*")


@cases
def test_files_become_replicates_in_the_page(watched: Watched, scope: Scope) -> None:
    page = watched()
    page.goto("/import")
    folder = CASES / "one_folder_per_level"
    contents = [(folder / f"level_{i}" / "main" / "mask.safetensors").read_bytes() for i in range(4)]
    page.set_input_files("#f-files", [
        FilePayload(name=f"l{i}.safetensors", mimeType="application/octet-stream", buffer=content)
        for i, content in enumerate(contents)
    ])  # fmt: skip
    for name in ("l1", "l3"):
        page.get_by_label(f"Replicate of {name}.safetensors").fill("1")
        page.keyboard.press("Enter")
    assert page.locator("#levels .level").all_inner_texts() == ["level 0", "level 0", "level 1", "level 1"]
    page.get_by_label("Test accuracy of l3.safetensors").fill("91.5")
    look(page)
    page.click("button.go")
    page.wait_for_url("**/runs/*")
    run = page.url.rsplit("/", 1)[-1]
    spec = scope.run(run)["spec"]
    assert (spec["replicates"], spec["levels"]) == (2, 1)
    rows = scope.client.get(f"/api/v1/runs/{run}/series", params={"name": "outcome"}).json()["columns"]
    assert [rows[name] for name in ("replicate", "level", "test_accuracy")] == [[1], [1], [0.915]]


def test_an_upload_shows_how_far_it_is_and_can_be_cancelled(watched: Watched, scope: Scope, tmp_path: Path) -> None:
    page = watched(fresh=True)
    page.goto("/import")
    large = tmp_path / "large.safetensors"
    large.write_bytes(Network(1).ticket(0) + bytes(30_000_000))
    page.set_input_files("#f-files", str(large))
    # A megabyte a second: the upload cannot be over before it is looked at.
    wire = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": 1e6, "uploadThroughput": 1e6}
    wire.send("Network.emulateNetworkConditions", limits)
    page.click("button.go")
    expect(page.locator("#upload p")).to_contain_text("left")
    assert 0 < page.evaluate("document.querySelector('#upload progress').value") < 1
    page.click("#abort")
    expect(page.locator("#upload")).not_to_be_visible()
    expect(page.locator("button.go")).to_be_enabled()
    assert order(page) == ["large.safetensors"]


def test_it_works_without_a_script_in_either_theme(watched: Watched, scope: Scope, files: list[str]) -> None:
    watched.expected = "422"
    page = watched(java_script_enabled=False, color_scheme="dark")
    page.goto("/import")
    page.set_input_files("#f-files", files)
    page.fill("#f-tags", "y" * 41)
    page.click("button.go")
    expect(page.locator("#f-tags-error")).to_contain_text("41 characters")
    expect(page.locator("#f-tags")).to_have_value("y" * 41)
    page.fill("#f-tags", "plain")
    page.set_input_files("#f-files", files)
    page.click("button.go")
    run = scope.run(page.url.rsplit("/", 1)[-1])
    assert (run["spec"]["levels"], run["tags"]) == (2, ["plain"])
    for theme in schemes(page):
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == PAPER[theme]
