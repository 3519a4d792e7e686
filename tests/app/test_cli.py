"""The command line, run as a user runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from safetensors.numpy import save

from app.broker import free_port
from app.store import Store
from tests.app.imports.files import Network
from tests.lab import alive, small_spec, until


def environment(folder: Path, **settings: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TICKETSCOPE_")}
    values = {"DATA_DIR": str(folder), "PORT": str(free_port()), "DEMO": "0", **settings}
    return own | {f"TICKETSCOPE_{name}": value for name, value in values.items()}


def cli(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


class Up:
    """`ticketscope up` in a folder."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.base = f"http://127.0.0.1:{env['TICKETSCOPE_PORT']}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"], env=env, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def get(self, path: str) -> Any:
        return httpx.get(self.base + path, timeout=10, trust_env=False).raise_for_status().json()

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(environment(tmp_path, WORKERS="1"))
    assert "is ready at" in up.line()
    yield up
    up.end()


def test_up_serves_a_submitted_run_and_leaves_nothing_behind(up: Up, tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(small_spec(steps=2_000).model_dump_json())
    submitted = cli(up.env, "submit", str(file), "--name", "from [a] file", "--tag", "mine")
    assert submitted.returncode == 0, submitted.stderr
    assert "from [a] file" in submitted.stdout
    (run,) = up.get("/api/v1/runs")["items"]
    assert run["tags"] == ["mine"]
    assert run["id"] in cli(up.env, "runs").stdout
    until(lambda: up.get(f"/api/v1/runs/{run['id']}")["state"] == "running")

    with httpx.stream("GET", f"{up.base}/live", timeout=10, trust_env=False) as stream:
        chunks = stream.iter_raw()  # kept: a generator that nobody holds closes the stream
        next(chunks)
        processes = up.processes()
        began = time.monotonic()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(10) == 0
    assert time.monotonic() - began < 10
    assert not any(map(alive, processes))
    # Handed back in order, ready for the next time.
    store = Store(f"sqlite:///{tmp_path / 'ticketscope.db'}", str(tmp_path / "artifacts"))
    assert store.run(run["id"]).state == "queued"
    assert store.workers() == []
    store.close()


def test_a_run_is_verified_and_done_again_to_the_same_bits(up: Up, tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(small_spec(steps=20, levels=1).model_dump_json())
    assert cli(up.env, "submit", str(file)).returncode == 0
    (run,) = up.get("/api/v1/runs")["items"]
    until(lambda: up.get(f"/api/v1/runs/{run['id']}")["state"] == "finished")
    verified = cli(up.env, "verify", run["id"])
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "level 1, winning ticket" in verified.stdout
    assert verified.stdout.endswith("identical to the bit: all 8 series and artifacts\n")
    refused = cli(up.env, "verify", run["id"], "--level", "7")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no training with level 7 has ended in this run; known: 0, 1" in refused.stderr

    assert "(again)" in cli(up.env, "again", run["id"]).stdout
    again = next(each for each in up.get("/api/v1/runs")["items"] if each["again_of"] == run["id"])
    until(lambda: up.get(f"/api/v1/runs/{again['id']}")["state"] == "finished")
    found = up.get(f"/api/v1/runs/{again['id']}/repetition")
    assert (found["identical"], found["different"], found["reasons"]) == (True, 0, [])
    assert cli(up.env, "again", "0000000000").returncode == 1


def test_killed_up_orphans_nothing(up: Up) -> None:
    processes = up.processes()
    assert len(processes) >= 3
    up.end()
    until(lambda: not any(map(alive, processes)), 10)


def test_a_web_that_dies_comes_back(up: Up) -> None:
    (web,) = [process for process in up.processes() if "web" in process.cmdline()]
    web.kill()
    assert "web was ended by SIGKILL" in up.line()
    until(lambda: httpx.get(f"{up.base}/healthz", timeout=10, trust_env=False).status_code == 200)


def test_up_on_an_empty_store_submits_the_demo_once(tmp_path: Path) -> None:
    env = environment(tmp_path, DEMO="1", WORKERS="0")
    for _ in range(2):
        up = Up(env)
        while "is ready at" not in up.line():
            continue
        (run,) = up.get("/api/v1/runs")["items"]
        assert run["tags"] == ["demo"]
        up.process.terminate()
        assert up.process.wait(10) == 0
        up.end()


@pytest.mark.parametrize("command", ["up", "web"])
def test_a_port_in_use_is_one_clear_line(tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cli(environment(tmp_path / "data", PORT=str(port)), command)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert f"port {port} of 127.0.0.1 is in use" in result.stderr
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine_is_one_clear_line(tmp_path: Path) -> None:
    result = cli(environment(tmp_path, HOST="192.0.2.1"), "up")
    assert result.returncode == 1
    assert result.stderr.startswith("cannot listen on port")
    assert result.stderr.count("\n") == 1


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    result = cli(environment(tmp_path, PORT="99999"), "up")
    assert result.returncode == 1
    assert result.stderr.startswith("TICKETSCOPE_PORT: ")


def test_workers_need_a_broker(tmp_path: Path) -> None:
    result = cli(environment(tmp_path), "worker")
    assert result.returncode == 1
    assert "TICKETSCOPE_BROKER_URL is not set" in result.stderr


def test_nobody_listens(tmp_path: Path) -> None:
    result = cli(environment(tmp_path), "runs")
    assert result.returncode == 1
    assert "start it with `ticketscope up`" in result.stderr


def test_what_is_neither_preset_nor_file(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert "digits-tickets" in cli(env, "submit", "no-such-thing").stderr
    (tmp_path / "bad.json").write_text("{")
    assert "is not JSON" in cli(env, "submit", str(tmp_path / "bad.json")).stderr


def test_a_refused_spec_names_its_fields(up: Up, tmp_path: Path) -> None:
    spec = json.loads(small_spec().model_dump_json()) | {"steps": 0, "seeds": 3}
    (tmp_path / "spec.json").write_text(json.dumps({"spec": spec}))
    result = cli(up.env, "submit", str(tmp_path / "spec.json"))
    assert result.returncode == 1
    assert "steps: " in result.stderr
    assert "seeds: " in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_are_printed_in_any_locale(up: Up, encoding: str) -> None:
    name = "Größe 🎟 测试"
    env = up.env | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    file = json.dumps(small_spec().model_dump(mode="json"))
    answer = httpx.post(
        f"{up.base}/api/v1/runs", json={"spec": json.loads(file), "name": name}, timeout=20, trust_env=False
    )
    assert answer.status_code == 201
    command = [sys.executable, "-m", "app.cli"]
    for arguments in (["runs"], ["presets"], ["again", answer.json()["id"]]):
        done = subprocess.run([*command, *arguments], env=env, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode(encoding)
        if arguments != ["presets"]:
            assert name.encode(encoding, "backslashreplace") in done.stdout


@pytest.mark.parametrize("forced", [{}, {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}], ids=["C", "ASCII"])
def test_arguments_are_read_as_typed_in_any_locale(up: Up, tmp_path: Path, forced: dict[str, str]) -> None:
    env = up.env | {"LC_ALL": "C"} | forced
    name, tag, file = "Größe 🎟 测试", "grün", tmp_path / "Größe.safetensors"
    file.write_bytes(Network(1).ticket(0))

    def done(*arguments: str) -> str:
        command = [os.fsencode(each) for each in (sys.executable, "-m", "app.cli", *arguments)]
        ended = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode()

    run = done("submit", "digits-tickets", "--name", name, "--tag", tag).split()[0]
    got = up.get(f"/api/v1/runs/{run}")
    assert (got["name"], got["tags"]) == (name, [tag])
    assert run in done("runs", f"tag:{tag} Größe")
    *_, imported = done("import", str(file), "--name", "Maß", "--notes", "ü", "--yes").splitlines()
    got = up.get(f"/api/v1/runs/{imported.split()[0]}")
    assert (got["name"], got["notes"], got["spec"]["files"]) == ("Maß", "ü", ["Größe.safetensors"])
    broken = subprocess.run(
        [*map(os.fsencode, (sys.executable, "-m", "app.cli", "submit", "digits-tickets", "--name")), b"\xff"],
        env=env, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (broken.returncode, b"an argument is not UTF-8: " in broken.stderr) == (1, True)


def test_a_comma_in_a_tag_is_refused(up: Up, tmp_path: Path) -> None:
    file = tmp_path / "l0.safetensors"
    file.write_bytes(Network(1).ticket(0))
    for arguments in (["import", str(file), "--yes"], ["submit", "digits-tickets"]):
        refused = cli(up.env, *arguments, "--tag", "a,b")
        assert refused.returncode == 1
        assert "a tag must not contain a comma" in refused.stderr
    assert up.get("/api/v1/runs")["items"] == []


def test_masks_are_imported_by_their_files(up: Up, tmp_path: Path) -> None:
    network = Network(2)
    files = [tmp_path / f"l{level}.safetensors" for level in range(2)]
    for level, file in enumerate(files):
        file.write_bytes(network.ticket(level))
    done = cli(up.env, "import", *map(str, files), "--name", "from [two] files", "--tag", "a", "--tag", "b", "--yes")
    assert done.returncode == 0, done.stderr
    (run,) = up.get("/api/v1/runs")["items"]
    assert "initial weights" in done.stdout
    assert "found: masks, weights, initial weights" in done.stdout
    assert done.stdout.splitlines()[-1].split() == [run["id"], "from", "[two]", "files", f"{up.base}/runs/{run['id']}"]
    assert (run["spec"]["files"], run["tags"]) == (["l0.safetensors", "l1.safetensors"], ["a", "b"])

    (tmp_path / "old.pt").write_bytes(b"\x80\x04\x95" + bytes(50))
    refused = cli(up.env, "import", str(files[0]), str(tmp_path / "old.pt"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "old.pt: this is a pickle" in refused.stderr
    # Without an answer nothing is stored, and a mask that contradicts its weights is a question first.
    unanswered = cli(up.env, "import", str(files[0]))
    assert (unanswered.returncode, "Store this?" in unanswered.stdout) == (1, True)
    weights = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32)
    (tmp_path / "odd.safetensors").write_bytes(save({"fc.weight": weights, "fc.weight_mask": weights == 0}))
    asked = cli(up.env, "import", str(tmp_path / "odd.safetensors"), "--yes")
    assert (asked.returncode, "Choose whether 1 means kept or pruned." in asked.stderr) == (1, True)
    assert len(up.get("/api/v1/runs")["items"]) == 1


def test_files_that_cannot_be_sent_are_named_at_once(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert "no-such-file cannot be read" in cli(env, "import", str(tmp_path / "no-such-file")).stderr
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(2**30 + 1)  # a hole, which takes no room
    refused = cli(env, "import", str(large))
    assert (refused.returncode, "large.safetensors: 1,073,741,825 bytes" in refused.stderr) == (1, True)
    assert "at most 61" in cli(env, "import", *[str(large)] * 62).stderr


def test_migrate_presets_and_version(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    assert cli(env, "migrate").returncode == 0
    assert (tmp_path / "data" / "ticketscope.db").exists()
    assert "digits-tickets-long" in cli(env, "presets").stdout
    assert cli(env, "version").stdout.strip() == "0.1.0"


def test_a_spec_that_says_a_thing_twice_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text('{"spec": {"kind": "lottery", "optimizer": {"lr": 1, "lr": 2}}}')
    refused = cli(environment(tmp_path), "submit", str(tmp_path / "spec.json"))
    assert (refused.returncode, "optimizer.lr occurs twice in one object" in refused.stderr) == (1, True)
