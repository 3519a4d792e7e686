"""Commands that check what they were given and ask a server, called in this process."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from typer.testing import CliRunner, Result

from app.cli import app
from tests.app.commands import Env, environment
from tests.app.conftest import Web
from tests.app.imports.files import Network
from tests.lab import small_spec


def cli(env: Env, *arguments: str) -> Result:
    """What a command prints and ends with; nobody answers what it asks."""
    others = dict.fromkeys(name for name in os.environ if name.startswith("TICKETSCOPE_"))
    done = CliRunner().invoke(app, arguments, env={**others, **env}, input="")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def env(web: Web, tmp_path: Path) -> Env:
    """The environment of a command on the machine of a web server."""
    return environment(tmp_path, PORT=web.url.rpartition(":")[2])


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    result = cli(environment(tmp_path, PORT="99999"), "up")
    assert result.exit_code == 1
    assert result.stderr.startswith("TICKETSCOPE_PORT: ")


def test_workers_need_a_broker(tmp_path: Path) -> None:
    result = cli(environment(tmp_path), "worker")
    assert result.exit_code == 1
    assert "TICKETSCOPE_BROKER_URL is not set" in result.stderr


def test_nobody_listens(tmp_path: Path) -> None:
    result = cli(environment(tmp_path), "runs")
    assert result.exit_code == 1
    assert "start it with `ticketscope up`" in result.stderr


def test_what_is_neither_preset_nor_file(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert "digits-tickets" in cli(env, "submit", "no-such-thing").stderr
    (tmp_path / "bad.json").write_text("{")
    assert "is not JSON" in cli(env, "submit", str(tmp_path / "bad.json")).stderr


def test_a_refused_spec_names_its_fields(env: Env, web: Web, tmp_path: Path) -> None:
    spec = json.loads(small_spec().model_dump_json()) | {"steps": 0, "seeds": 3}
    (tmp_path / "spec.json").write_text(json.dumps({"spec": spec}))
    result = cli(env, "submit", str(tmp_path / "spec.json"))
    assert result.exit_code == 1
    assert "steps: " in result.stderr
    assert "seeds: " in result.stderr


def test_a_comma_in_a_tag_is_refused(env: Env, web: Web, tmp_path: Path) -> None:
    file = tmp_path / "l0.safetensors"
    file.write_bytes(Network(1).ticket(0))
    for arguments in (["import", str(file), "--yes"], ["submit", "digits-tickets"]):
        refused = cli(env, *arguments, "--tag", "a,b")
        assert refused.exit_code == 1
        assert "tags: must not contain a comma" in refused.stderr
    assert web.client.get("/api/v1/runs").json()["items"] == []


def test_masks_are_imported_by_their_files(env: Env, web: Web, tmp_path: Path) -> None:
    network = Network(2)
    files = [tmp_path / f"l{level}.safetensors" for level in range(2)]
    for level, file in enumerate(files):
        file.write_bytes(network.ticket(level))
    done = cli(env, "import", *map(str, files), "--name", "from [two] files", "--tag", "a", "--tag", "b", "--yes")
    assert done.exit_code == 0, done.stderr
    (run,) = web.client.get("/api/v1/runs").json()["items"]
    assert "initial weights" in done.stdout
    assert "found: masks, weights, initial weights" in done.stdout
    assert done.stdout.splitlines()[-1].split() == [run["id"], "from", "[two]", "files", f"{web.url}/runs/{run['id']}"]
    assert (run["spec"]["files"], run["tags"]) == (["l0.safetensors", "l1.safetensors"], ["a", "b"])

    (tmp_path / "old.pt").write_bytes(b"\x80\x04\x95" + bytes(50))
    refused = cli(env, "import", str(files[0]), str(tmp_path / "old.pt"))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "old.pt: this is a pickle" in refused.stderr
    # Without an answer nothing is stored, and a mask that contradicts its weights is a question first.
    unanswered = cli(env, "import", str(files[0]))
    assert (unanswered.exit_code, "Store this?" in unanswered.stdout) == (1, True)
    weights = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32)
    (tmp_path / "odd.safetensors").write_bytes(save({"fc.weight": weights, "fc.weight_mask": weights == 0}))
    asked = cli(env, "import", str(tmp_path / "odd.safetensors"), "--yes")
    assert (asked.exit_code, "Choose whether 1 means kept or pruned." in asked.stderr) == (1, True)
    assert len(web.client.get("/api/v1/runs").json()["items"]) == 1


def test_files_that_cannot_be_sent_are_named_at_once(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert "no-such-file cannot be read" in cli(env, "import", str(tmp_path / "no-such-file")).stderr
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(2**30 + 1)  # a hole, which takes no room
    refused = cli(env, "import", str(large))
    assert (refused.exit_code, "large.safetensors: 1,073,741,825 bytes" in refused.stderr) == (1, True)
    assert "at most 61" in cli(env, "import", *[str(large)] * 62).stderr


def test_a_spec_that_says_a_thing_twice_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text('{"spec": {"kind": "lottery", "optimizer": {"lr": 1, "lr": 2}}}')
    refused = cli(environment(tmp_path), "submit", str(tmp_path / "spec.json"))
    assert (refused.exit_code, "optimizer.lr occurs twice in one object" in refused.stderr) == (1, True)
