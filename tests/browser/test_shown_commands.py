"""Commands that a run's page shows do what they promise, pasted into a shell against the server that shows them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Scope, Watched

CASES = Path(__file__).parents[3] / "shared" / "cases" / "imports"
# Quotes, substitutions, an option and a redirection: text, whatever they stand in.
NAME = "--url=http://x 'a'; touch x; $(touch y) `touch z` <in >out \"b\" & \\n"

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="no curl or no bash here"
)


def shown(page: Page, run: str) -> list[str]:
    """The commands of a run's spec tab, as a reader copies them."""
    page.goto(f"/runs/{run}?tab=spec")
    return page.locator("section:has(h2:text-is('Reproduce this run')) pre").all_inner_texts()


def pasted(scope: Scope, command: str, folder: Path, stdin: str = "") -> str:
    """Paste into bash, in a folder of its own; returns what was printed."""
    path = f"{Path(sys.executable).parent}:{scope.env['PATH']}"
    done = subprocess.run(
        ["bash", "-e"], input=f"{command}\n{stdin}", cwd=folder, env={**scope.env, "PATH": path, "NO_PROXY": "*"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def newest(scope: Scope) -> dict[str, object]:
    """The run that was submitted last."""
    return dict(scope.client.get("/api/v1/runs", params={"limit": 1}).json()["items"][0])


@pytest.fixture
def named(scope: Scope, finished: str) -> str:
    """A finished run whose name is hostile; its id."""
    assert scope.client.patch(f"/api/v1/runs/{finished}", json={"name": NAME}).status_code == 200
    return finished


def test_commands_submit_the_same_run_whatever_its_name_holds(
    watched: Watched, scope: Scope, named: str, tmp_path: Path
) -> None:
    _, cli, curl = shown(watched(), named)
    spec = scope.run(named)["spec"]
    for command, files in ((cli, {"spec.json"}), (curl, set())):
        folder = tmp_path / command[:4]
        folder.mkdir()
        pasted(scope, command, folder)
        made = newest(scope)
        assert (made["name"], made["spec"]) == (NAME, spec)
        assert made["id"] != named
        assert {each.name for each in folder.iterdir()} == files  # nothing of the name was run
        scope.client.post(f"/api/v1/runs/{made['id']}/cancel")


def test_again_repeats_a_run_and_verify_compares_its_bits(
    watched: Watched, scope: Scope, named: str, tmp_path: Path
) -> None:
    again, verify = shown(watched(), named)[0].splitlines()
    assert "identical" in pasted(scope, verify, tmp_path)
    pasted(scope, again, tmp_path)
    made = newest(scope)
    assert made["spec"] == scope.run(named)["spec"]
    page = watched()
    page.goto(f"/runs/{made['id']}")
    assert "Rerun of" in page.locator("#relations").inner_text()
    scope.client.post(f"/api/v1/runs/{made['id']}/cancel")


def test_a_ticket_is_loaded_by_the_lines_that_are_shown(
    watched: Watched, scope: Scope, named: str, tmp_path: Path
) -> None:
    page = watched()
    page.goto(f"/runs/{named}?tab=spec")
    tickets = page.locator("#tickets")
    code = tickets.locator("pre").inner_text()
    (file,) = re.findall(r'load_file\("([^"]+)"\)', code)
    replicate, level = re.findall(r"-r(\d+)-l(\d+)\.", file)[0]
    link = tickets.locator(f"a[href$='/tickets/{replicate}/{level}']").get_attribute("href")
    assert link is not None
    (tmp_path / file).write_bytes(scope.client.get(link).content)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not CASES.is_dir(), reason="the files of cases lie beside the project")
@pytest.mark.parametrize("file", ["-x.safetensors", "$(touch y).safetensors", "a 'b'.safetensors"])
def test_masks_are_imported_again_by_the_commands(watched: Watched, scope: Scope, tmp_path: Path, file: str) -> None:
    content = (CASES / "openlth_int32.safetensors").read_bytes()
    answer = scope.client.post("/api/v1/imports", files=[("files", (file, content))], data={"name": NAME})
    first = answer.json()
    cli, curl = shown(watched(), first["id"])
    (tmp_path / file).write_bytes(content)
    for command in (cli.replace("ticketscope import ", "ticketscope import --yes ", 1), curl):
        pasted(scope, command, tmp_path)
        made = newest(scope)
        assert (made["name"], made["spec"]) == (NAME, first["spec"])
        assert made["id"] != first["id"]
        assert [each.name for each in tmp_path.iterdir()] == [file]
    # As it is shown, the command line asks before it stores.
    before = newest(scope)["id"]
    asked = subprocess.run(
        ["bash", "-c", cli], input="n\n", cwd=tmp_path, text=True, capture_output=True, check=False,
        env={**scope.env, "PATH": f"{Path(sys.executable).parent}:{scope.env['PATH']}"},
    )  # fmt: skip
    assert "Store this?" in asked.stdout
    assert newest(scope)["id"] == before
    assert json.dumps(first["spec"]["files"]) == json.dumps([file])
