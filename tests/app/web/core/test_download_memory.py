"""However large what is downloaded, and by how many at once, the server's memory hardly moves."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
from safetensors.numpy import load_file

from app.store import Store
from tests.app.kinds.imported.web.test_import_memory import MEBIBYTE, server
from tests.app.masked_run import write_run

__all__ = ["server"]
SIDE = 3_072


@contextmanager
def growth(process: psutil.Process) -> Iterator[list[float]]:
    """By how many MiB a process grows at most within the block."""
    before, over = process.memory_info().rss, threading.Event()
    grown = [0.0]

    def watch() -> None:
        while not over.wait(0.005):
            grown[0] = max(grown[0], (process.memory_info().rss - before) / MEBIBYTE)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield grown
    finally:
        over.set()
        watcher.join()


def download(url: str, to: Path) -> int:
    """The bytes that came."""
    with (
        httpx.stream("GET", url, headers={"Accept-Encoding": "identity"}, timeout=120, trust_env=False) as answer,
        to.open("wb") as file,
    ):
        assert answer.status_code == 200
        for piece in answer.iter_bytes():
            file.write(piece)
        assert int(answer.headers["content-length"]) == file.tell()
        return file.tell()


def test_three_large_tickets_and_artifacts_at_once(
    server: tuple[str, psutil.Process], store: Store, tmp_path: Path
) -> None:
    url, process = server
    small = write_run(store, {"fc1": (5, 16)})
    large = write_run(store, {"fc1": (SIDE, SIDE)}, levels=1, with_strata=False)
    (init,) = {ref.id for ref in store.artifacts(large.id) if ref.name == "init"}
    # What is imported and cached at the first use is not the files'.
    download(f"{url}/api/v1/runs/{small.id}/tickets/0/1", tmp_path / "first")
    addresses = [f"{url}/api/v1/runs/{large.id}/tickets/0/1"] * 3 + [f"{url}/api/v1/artifacts/{init}"] * 2
    files = [tmp_path / str(number) for number in range(len(addresses))]
    with growth(process) as grown, ThreadPoolExecutor(len(files)) as pool:
        sizes = list(pool.map(download, addresses, files))
    assert min(sizes[:3]) > 9 * SIDE**2
    assert grown[0] < 96
    found = load_file(files[0])
    assert np.array_equal(found["fc1.weight_mask"], large.masks[0][1]["fc1"])
    assert np.array_equal(found["fc1.weight_orig"], large.init[0]["fc1"])
