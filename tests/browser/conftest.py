"""A whole Ticketscope, started as a user starts it, and a real Chromium in front of it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from app import broker
from app.kinds.presets import PRESETS
from app.store import Store
from benchmarks.server import valkey
from tests.browser.windows import Windows
from tests.chromium import find
from tests.lab import calibrate

if TYPE_CHECKING:
    from tests.browser.visits import Visits

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    own = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(own):
            item.add_marker(pytest.mark.browser)


@dataclass
class Scope:
    """A running Ticketscope with one worker slot; `env` is the environment that it was started in."""

    url: str
    client: httpx.Client
    env: Mapping[str, str]

    def submit(self, *, name: str = "by script", **changed: Any) -> str:
        """Submit a small run through the API; returns its id."""
        small = {"steps": 60, "eval_every": 20, "levels": 2, "replicates": 1, "branches": []}
        spec = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **small, **changed}
        answer = self.client.post("/api/v1/runs", json={"name": name, "spec": spec})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/v1/runs/{run_id}").json()
        return found

    def state(self, run_id: str) -> str:
        return str(self.run(run_id)["state"])

    def store(self) -> Store:
        """A store of its own on the server's database."""
        folder = Path(self.env["TICKETSCOPE_DATA_DIR"])
        return Store(f"sqlite:///{folder / 'ticketscope.db'}", str(folder / "artifacts"))

    def viewers(self) -> int:
        """Streams of hints that are open."""
        (line,) = re.findall(r"^ticketscope_live_viewers (.+)$", self.client.get("/metrics").text, re.MULTILINE)
        return int(float(line))


@contextmanager
def started(folder: Path, datasets_dir: Path) -> Iterator[Scope]:
    """A Ticketscope on a port and in a folder of its own."""
    (folder / "data").mkdir()
    store = Store(f"sqlite:///{folder / 'data' / 'ticketscope.db'}", str(folder / "data" / "artifacts"))
    store.migrate()
    calibrate(store)
    store.close()
    with valkey(folder) as broker_url:
        env = {
            **os.environ,
            "TICKETSCOPE_DATA_DIR": str(folder / "data"),
            "TICKETSCOPE_DATASETS_DIR": str(datasets_dir),
            "TICKETSCOPE_BROKER_URL": broker_url,
            "TICKETSCOPE_WORKERS": "1",
            "TICKETSCOPE_DEMO": "0",
            "PYTHONWARNINGS": "default",
        }
        with up(folder / "up.log", env) as scope:
            yield scope


@contextmanager
def up(log: Path, env: Mapping[str, str], root: str = "") -> Iterator[Scope]:
    """`ticketscope up` on a port of its own, in this environment; `root` is its sub-path."""
    port = broker.free_port()
    env = {**env, "TICKETSCOPE_PORT": str(port), "TICKETSCOPE_ROOT_PATH": root}
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "app.cli", "up"], env=env, stdout=out, stderr=out)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}{root}", timeout=30, trust_env=False) as client:
            _until(lambda: process.poll() is not None or _answers(client), 60)
            assert process.poll() is None, log.read_text()
            yield Scope(str(client.base_url).rstrip("/"), client, env)
        process.send_signal(signal.SIGTERM)
        process.wait(15)


@pytest.fixture(scope="session")
def scope(tmp_path_factory: pytest.TempPathFactory, datasets_dir: Path) -> Iterator[Scope]:
    with started(tmp_path_factory.mktemp("scope"), datasets_dir) as scope:
        yield scope


def _answers(client: httpx.Client) -> bool:
    try:
        alive = any(worker["alive"] for worker in client.get("/api/v1/workers").json()["items"])
    except httpx.TransportError:
        return False
    return alive and client.get("/readyz").status_code == 200


def _until(holds: Callable[[], bool], timeout_s: float) -> None:
    end, pause = time.monotonic() + timeout_s, 0.03
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(pause)
        pause = min(1.3 * pause, 0.4)


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds, at most 60 s."""
    return lambda holds: _until(holds, 60)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find()
    assert path, "no Chromium: run `python tests/chromium.py`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """Opens pages and fails the test if any of them complains or asks another server for something."""

    def __init__(self, browser: Browser, url: str, windows: Windows | None = None) -> None:
        self.browser, self.url = browser, url
        self.complaints: list[str] = []
        self._windows = windows
        self._pages: list[Page] = []
        self._contexts: list[BrowserContext] = []
        self._handlers = {
            "console": self._console,
            "pageerror": lambda error: self.complaints.append(f"error: {error}"),
            "request": lambda request: self._asks(request.url),
        }
        # What the browser itself logs about an answer that is not 2xx, where a test asks for one.
        self.expected = ""

    def __call__(self, width: int = 1280, height: int = 900, *, fresh: bool = False, **options: Any) -> Page:
        """A page in a profile of its own; `fresh` where a script or a debugger is to stay in it."""
        if self._windows is not None and not fresh:
            page = self._windows.take(width, height, **options)
            self._pages.append(page)
            return self._watch(page)
        context = self.browser.new_context(viewport={"width": width, "height": height}, base_url=self.url, **options)
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        return self.another(context)

    def another(self, context: BrowserContext) -> Page:
        """One more window of a browser profile, of the size of the first."""
        page = context.new_page()
        if size := context.pages[0].viewport_size:
            page.set_viewport_size(size)
        return self._watch(page)

    def _watch(self, page: Page) -> Page:
        for event, handler in self._handlers.items():
            page.on(event, handler)  # type: ignore[call-overload]
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (self.expected and self.expected in message.text):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asks(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"asked for {url}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        for page in self._pages:
            for other in page.context.pages:
                if other is not page:
                    other.close()
            for event, handler in self._handlers.items():
                page.remove_listener(event, handler)
            if self._windows is not None:
                self._windows.give_back(page)
        assert self.complaints == []


@pytest.fixture(scope="session")
def reusable(browser: Browser, scope: Scope) -> Windows:
    return Windows(browser, scope.url)


@pytest.fixture
def watched(browser: Browser, scope: Scope, reusable: Windows) -> Iterator[Watched]:
    watched = Watched(browser, scope.url, reusable)
    yield watched
    watched.close()


def becomes(page: Page, condition: str, timeout_s: float = 60.0) -> None:
    """Wait until an expression is true in the page; asked from outside, as the page's policy forbids `eval`."""
    end, pause = time.monotonic() + timeout_s, 20.0
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"it never happened: {condition}"
        page.wait_for_timeout(pause)
        pause = min(1.3 * pause, 200)


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched()


@pytest.fixture(scope="session")
def finished(scope: Scope) -> str:
    """A finished run with controls; its id."""
    run_id = scope.submit(name="A finished run", replicates=2, branches=[{"kind": "reinit"}, {"kind": "shuffled"}])
    _until(lambda: scope.state(run_id) == "finished", 120)
    return run_id


@pytest.fixture(scope="session")
def swept(scope: Scope) -> str:
    """A sweep whose two runs have ended with a value; its id."""
    spec = {"steps": 20, "eval_every": 20, "levels": 1, "replicates": 1, "branches": []}
    body = {
        "spec": {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **spec},
        "name": "A sweep",
        "axes": {"optimizer.lr": {"values": [0.001, 0.01]}, "rewind": {"values": ["weights"]}},
    }
    sweep = str(scope.client.post("/api/v1/sweeps", json=body).json()["id"])

    def ended() -> bool:
        members = scope.client.get(f"/api/v1/sweeps/{sweep}/members").json()["items"]
        return all(member["objective"] is not None for member in members)

    _until(ended, 120)
    return sweep


@pytest.fixture(scope="session")
def visits(browser: Browser, scope: Scope, reusable: Windows) -> "Visits":
    """The pages of a server where a run has a name that is hard to fit."""
    from tests.browser.visits import Visits

    scope.submit(name="<b>A name</b> that is long " + "and-without-a-space" * 8, steps=1, eval_every=1, levels=1)
    return Visits(browser, scope, reusable)
