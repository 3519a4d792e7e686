"""A real web server on a real SQLite store, a real Valkey, and a hand that writes what a worker would."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app import broker
from app.connections import HEAD_BYTES, MOST, bounded
from app.contract.events import WINNING_TICKET, ArtifactSaved, Measured, Started
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.main import attach, create_app
from app.queue import Queue
from app.records import Run
from app.settings import Settings
from app.store import Claim, Store
from tests.app.commands import Forked
from tests.app.figure_records import records as records
from tests.app.figure_records import same_fixture as same_fixture
from tests.app.in_process import in_process
from tests.migrated import template


@pytest.fixture(scope="session")
def migrated() -> Path:
    """An empty, migrated SQLite file to copy."""
    return template()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, demo=False)


@pytest.fixture
def store(settings: Settings, migrated: Path) -> Iterator[Store]:
    shutil.copy(migrated, settings.data_dir / "ticketscope.db")
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    yield store
    store.close()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Valkey."""
    port = broker.free_port()
    folder = tmp_path_factory.mktemp("valkey")
    process = subprocess.Popen(broker.command(port, folder))
    assert broker.wait(port, 10)
    yield broker.url(port, folder)
    process.terminate()
    process.wait()


@pytest.fixture
def queue(valkey: str) -> Iterator[Queue]:
    queue = Queue(valkey)
    yield queue
    queue.close()


@pytest.fixture
def no_broker() -> Iterator[Queue]:
    """A queue whose broker is down."""
    queue = Queue(f"redis://127.0.0.1:{broker.free_port()}/0")
    yield queue
    queue.close()


@dataclass
class Web:
    """A served application and a client that holds no cookies of anybody."""

    app: FastAPI
    url: str
    client: httpx.Client


class Serve:
    """Serves applications over real sockets until the test ends."""

    def __init__(self) -> None:
        self._running: list[tuple[Web, uvicorn.Server, threading.Thread]] = []

    def __call__(self, app: FastAPI) -> Web:
        settings: dict[str, Any] = {"http": bounded(MOST), "h11_max_incomplete_event_size": HEAD_BYTES}
        config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=5, **settings)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        web = Web(app, url, httpx.Client(base_url=url, timeout=20, trust_env=False))
        self._running.append((web, server, thread))
        return web

    def close(self) -> None:
        for web, server, thread in self._running:
            web.client.close()
            web.app.state.broadcaster.close()
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Serve]:
    serve = Serve()
    yield serve
    serve.close()


@pytest.fixture(scope="session")
def wired(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> FastAPI:
    """The application, whose routes and templates are made once for all tests of a process."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("wired"), demo=False)
    return create_app(settings, Store(f"sqlite:///{migrated}", str(settings.data_dir / "artifacts")), Queue(""))


@pytest.fixture
def app(wired: FastAPI, settings: Settings, store: Store, no_broker: Queue) -> FastAPI:
    """The application over the store of a test, with its broker down."""
    attach(wired, settings, store, no_broker)
    return wired


@pytest.fixture
def web(app: FastAPI, serve: Serve) -> Web:
    """The web, with its broker down."""
    return serve(app)


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of the web, with its broker down; what needs a socket takes `web`."""
    with in_process(app) as client:
        yield client


class Hand:
    """Writes into a store as a worker does, without training anything."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.claim: Claim
        self.ordinal = 0

    def run(self, *, start: bool = True, **changed: Any) -> Run:
        """A small run, whose first replicate this hand has started."""
        spec = {**PRESETS["digits-tickets"].spec.model_dump(), "replicates": 1, "levels": 2, **changed}
        run = self.store.create_run(LotterySpec.model_validate(spec), name="by hand")
        if start:
            self.begin()
        return self.store.run(run.id)

    def begin(self, replicate: int = 0) -> None:
        """Start the next replicate; what is written from now on is its."""
        claim = self.store.claim("cpu", "hand")
        assert claim is not None
        self.claim, self.ordinal = claim, 0
        layers = {"layers": [{"name": "fc1", "shape": [3, 4]}, {"name": "fc2", "shape": [2, 3]}]}
        started = Started(replicate=replicate, attempt=1, worker="hand", plan=layers, provenance=layers)
        self.store.start(claim.shard_id, claim.token, started)

    def measure(self, series: str, place: LotteryKey | None = None, **columns: list[float]) -> int:
        """Append rows of a series; returns the seq."""
        event = Measured(series=series, key=place or LotteryKey(), columns=columns)
        seq = self.store.append(self.claim.shard_id, self.claim.token, [event], self.ordinal)
        self.ordinal += event.rows
        return seq

    def save(self, name: str, content: bytes, level: int = 0, media_type: str = "application/octet-stream") -> str:
        """Store bytes as an artifact; returns their id."""
        sha256 = self.store.artifacts_store.put(content)
        event = ArtifactSaved(
            key=LotteryKey(level=level), name=name, sha256=sha256, size_bytes=len(content), media_type=media_type
        )
        self.store.append(self.claim.shard_id, self.claim.token, [event], self.ordinal)
        self.ordinal += 1
        return sha256

    def outcome(self, level: int, density: float, test_accuracy: float, *, control: str = WINNING_TICKET) -> int:
        """Append a training's outcome."""
        return self.measure(
            "outcome",
            LotteryKey(level=level, control=control),
            steps=[1000.0],
            density=[density],
            train_accuracy=[1.0],
            validation_accuracy=[test_accuracy],
            validation_loss=[0.3],
            test_accuracy=[test_accuracy],
            test_loss=[0.3],
            early_stop_step=[450.0],
            early_stop_test_accuracy=[test_accuracy],
            early_stop_validation_loss=[0.3],
            early_stop_censored=[0.0],
            diverged_step=[float("nan")],
        )


@pytest.fixture
def hand(store: Store) -> Hand:
    return Hand(store)


@pytest.fixture(scope="session")
def forked() -> Iterator[Forked]:
    """Runs commands as a user does, but for what each would import anew."""
    forked = Forked()
    yield forked
    forked.close()


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds, at most 10 s."""

    def wait(holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.01)

    return wait
