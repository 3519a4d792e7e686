"""The command line, run as a user runs it."""

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
import psutil
import pytest

from app.store import Store
from tests.app.commands import Forked, cli, environment
from tests.app.conftest import Web
from tests.app.imports.files import Network
from tests.lab import alive, small_spec, until


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


def test_a_run_is_verified_and_done_again_to_the_same_bits(up: Up, forked: Forked, tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(small_spec(steps=20, levels=1).model_dump_json())
    assert forked(up.env, "submit", str(file)).returncode == 0
    (run,) = up.get("/api/v1/runs")["items"]
    until(lambda: up.get(f"/api/v1/runs/{run['id']}")["state"] == "finished")
    verified = forked(up.env, "verify", run["id"])
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "level 1, winning ticket" in verified.stdout
    assert verified.stdout.endswith("identical to the bit: all 8 series and artifacts\n")
    refused = forked(up.env, "verify", run["id"], "--level", "7")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no training with level 7 has ended in this run; known: 0, 1" in refused.stderr

    assert "(again)" in forked(up.env, "again", run["id"]).stdout
    again = next(each for each in up.get("/api/v1/runs")["items"] if each["again_of"] == run["id"])
    until(lambda: up.get(f"/api/v1/runs/{again['id']}")["state"] == "finished")
    found = up.get(f"/api/v1/runs/{again['id']}/repetition")
    assert (found["identical"], found["different"], found["reasons"]) == (True, 0, [])
    assert forked(up.env, "again", "0000000000").returncode == 1


def test_killed_up_orphans_nothing(up: Up) -> None:
    processes = up.processes()
    assert len(processes) >= 3
    up.end()
    until(lambda: not any(map(alive, processes)), 10)


def test_a_web_that_dies_comes_back(tmp_path: Path) -> None:
    up = Up(environment(tmp_path, WORKERS="0"))
    assert "is ready at" in up.line()
    (web,) = [process for process in up.processes() if "web" in process.cmdline()]
    web.kill()
    assert "web was ended by SIGKILL" in up.line()
    until(lambda: httpx.get(f"{up.base}/healthz", timeout=10, trust_env=False).status_code == 200)
    up.end()


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
def test_a_port_in_use_is_one_clear_line(forked: Forked, tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = forked(environment(tmp_path / "data", PORT=str(port)), command)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert f"port {port} of 127.0.0.1 is in use" in result.stderr
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine_is_one_clear_line(forked: Forked, tmp_path: Path) -> None:
    result = forked(environment(tmp_path, HOST="192.0.2.1"), "up")
    assert result.returncode == 1
    assert result.stderr.startswith("cannot listen on port")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_are_printed_in_any_locale(web: Web, tmp_path: Path, encoding: str) -> None:
    name = "Größe 🎟 测试"
    env = environment(tmp_path, PORT=web.url.rpartition(":")[2])
    env |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    answer = web.client.post("/api/v1/runs", json={"spec": small_spec().model_dump(mode="json"), "name": name})
    assert answer.status_code == 201
    command = [sys.executable, "-m", "app.cli"]
    for arguments in (["runs"], ["presets"], ["again", answer.json()["id"]]):
        done = subprocess.run([*command, *arguments], env=env, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode(encoding)
        if arguments != ["presets"]:
            assert name.encode(encoding, "backslashreplace") in done.stdout


@pytest.mark.parametrize("forced", [{}, {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}], ids=["C", "ASCII"])
def test_arguments_are_read_as_typed_in_any_locale(web: Web, tmp_path: Path, forced: dict[str, str]) -> None:
    env = environment(tmp_path, PORT=web.url.rpartition(":")[2]) | {"LC_ALL": "C"} | forced
    name, tag, file = "Größe 🎟 测试", "grün", tmp_path / "Größe.safetensors"
    file.write_bytes(Network(1).ticket(0))

    def done(*arguments: str) -> str:
        command = [os.fsencode(each) for each in (sys.executable, "-m", "app.cli", *arguments)]
        ended = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode()

    run = done("submit", "digits-tickets", "--name", name, "--tag", tag).split()[0]
    got = web.client.get(f"/api/v1/runs/{run}").json()
    assert (got["name"], got["tags"]) == (name, [tag])
    assert run in done("runs", f"tag:{tag} Größe")
    *_, imported = done("import", str(file), "--name", "Maß", "--notes", "ü", "--yes").splitlines()
    got = web.client.get(f"/api/v1/runs/{imported.split()[0]}").json()
    assert (got["name"], got["notes"], got["spec"]["files"]) == ("Maß", "ü", ["Größe.safetensors"])
    broken = subprocess.run(
        [*map(os.fsencode, (sys.executable, "-m", "app.cli", "submit", "digits-tickets", "--name")), b"\xff"],
        env=env, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (broken.returncode, b"an argument is not UTF-8: " in broken.stderr) == (1, True)


def test_migrate_presets_and_version(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    assert cli(env, "migrate").returncode == 0
    assert (tmp_path / "data" / "ticketscope.db").exists()
    assert "digits-tickets-long" in cli(env, "presets").stdout
    assert cli(env, "version").stdout.strip() == "0.1.0"
