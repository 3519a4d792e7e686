"""However large the file, refused or imported, the server's memory hardly moves."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from app.store import Store
from tests.app.commands import environment
from tests.app.imports.files import Network
from tests.lab import until

SHAPE = (4_096, 8_192)
MEBIBYTE = 2**20


@pytest.fixture
def server(tmp_path: Path, store: Store) -> Iterator[tuple[str, psutil.Process]]:
    """Address and process of a web that serves the store alone."""
    assert store.trouble() is None
    env = environment(tmp_path)
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "web"], env=env)
    url = f"http://127.0.0.1:{env['TICKETSCOPE_PORT']}"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    until(ready)
    yield url, psutil.Process(process.pid)
    process.terminate()
    process.wait(15)


@pytest.fixture
def measure(server: tuple[str, psutil.Process]) -> Callable[[Path], tuple[httpx.Response, float]]:
    """Upload a file: the answer, and by how many MiB the server grew at most in the meantime."""
    url, process = server

    def upload(content: bytes | Path) -> httpx.Response:
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
            if isinstance(content, bytes):
                return client.post("/api/v1/imports", files={"files": ("small.safetensors", content)})
            with content.open("rb") as file:
                return client.post("/api/v1/imports", files={"files": (content.name, file)})

    # What is imported and cached at the first use is not the file's.
    assert upload(Network(1).ticket(0)).status_code == 201
    assert upload(b"no").status_code == 422

    def measured(path: Path) -> tuple[httpx.Response, float]:
        before = process.memory_info().rss
        most, over = before, threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.is_set():
                most = max(most, process.memory_info().rss)
                time.sleep(0.005)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            answer = upload(path)
        finally:
            over.set()
            watcher.join()
        return answer, (most - before) / MEBIBYTE

    return measured


def large(path: Path, last: float, shape: tuple[int, int] = SHAPE) -> Path:
    """A file of 128 MiB of zeros, which take no room on the disk, but for its last weight."""
    size = 4 * shape[0] * shape[1]
    header = json.dumps({"fc.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size - 4)
        file.seek(0, 2)
        file.write(np.float32(last).tobytes())
    return path


def test_a_large_file_that_is_refused_at_its_last_byte(
    measure: Callable[[Path], tuple[httpx.Response, float]], tmp_path: Path, store: Store
) -> None:
    answer, grown = measure(large(tmp_path / "nan.safetensors", float("nan")))
    assert (answer.status_code, "element 33,554,431 is not a finite" in answer.text) == (422, True)
    assert grown < 24
    assert len(store.runs().items) == 1


def test_a_large_file_with_a_header_that_lies(
    measure: Callable[[Path], tuple[httpx.Response, float]], tmp_path: Path
) -> None:
    path = large(tmp_path / "lying.safetensors", 1.0)
    with path.open("r+b") as file:
        file.write((2**20).to_bytes(8, "little"))
    answer, grown = measure(path)
    assert (answer.status_code, "header is not JSON" in answer.text) == (422, True)
    assert grown < 24


def test_a_layer_of_33_million_weights_that_is_imported(
    measure: Callable[[Path], tuple[httpx.Response, float]], tmp_path: Path, store: Store
) -> None:
    answer, grown = measure(large(tmp_path / "fine.safetensors", 1.0))
    assert answer.status_code == 201, answer.text
    assert store.series(answer.json()["id"], "layers")["kept"].tolist() == [1]
    assert grown < 64
