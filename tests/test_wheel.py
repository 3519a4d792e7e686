"""The wheel that `pip wheel .` builds works where it is installed, away from the checkout."""

import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.broker import free_port
from tests.lab import until

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; its dependencies are those of the tests, read from where they lie."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A line of a .pth file names a folder; the .pth files in that folder, such as that of the checkout, do not count.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture(scope="module")
def client(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of `ticketscope up`, started in a folder that holds nothing."""
    folder = tmp_path_factory.mktemp("elsewhere")
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "TICKETSCOPE_PORT": str(port),
        "TICKETSCOPE_DATA_DIR": str(folder / "data"),
        "TICKETSCOPE_DEMO": "0",
        "TICKETSCOPE_WORKERS": "1",
        "PATH": f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    process = subprocess.Popen(["ticketscope", "up"], cwd=folder, env=env, stdout=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
        until(lambda: process.poll() is not None or _ready(client), 60)
        assert process.poll() is None
        yield client
    process.send_signal(signal.SIGINT)
    process.wait(15)


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_the_wheel_holds_what_pages_need_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    for needed in (
        "app/_files/static/js/shell.js",
        "app/_files/static/vendor/plotly/plotly-cartesian.min.js",
        "app/_files/templates/core/base.html",
        "app/_files/docs/protocol.md",
        "app/store/migrations/versions/0001_first.py",
        "app/pictures/samples/cat.png",
        "workers/tasks.py",
    ):
        assert needed in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"app", "workers"}


def test_pages_and_what_they_are_made_of_are_served(client: httpx.Client) -> None:
    for page in ("/", "/new", "/erasure", "/protocol", "/glossary", "/docs"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "/static/v-" in answer.text
    assert client.get("/static/js/shell.js").status_code == 200
    assert client.get("/api/v1/pictures/samples/cat").status_code == 200


def test_a_run_is_trained_there(client: httpx.Client) -> None:
    spec = client.get("/api/v1/presets").json()["items"][0]["spec"]
    spec |= {"steps": 20, "eval_every": 10, "levels": 1, "replicates": 1, "branches": []}
    run = client.post("/api/v1/runs", json={"spec": spec}).json()["id"]
    until(lambda: client.get(f"/api/v1/runs/{run}").json()["state"] == "finished", 90)
