"""The application as a process: what it imports, how fast it is ready, how it ends."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.broker import free_port
from app.settings import Settings
from app.store import Store

SERVE = """
import sys, uvicorn
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
settings = Settings(demo=False)
store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
app = create_app(settings, store, Queue(""))
@app.get("/modules", include_in_schema=False)
def modules() -> list[str]:
    return sorted(sys.modules)
uvicorn.run(app, port=settings.port, log_level="warning", timeout_graceful_shutdown=30)
"""
HEAVY = {"torch", "workers", "sklearn", "alembic", "pooch", "scipy"}


class Process:
    """The web in a fresh interpreter."""

    def __init__(self, data_dir: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {"TICKETSCOPE_DATA_DIR": str(data_dir), "TICKETSCOPE_PORT": str(port), "PATH": ""}
        root = Path(__file__).parents[2]
        self.began = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-W", "error", "-c", SERVE], env=environment, cwd=root)
        while True:
            assert self.process.poll() is None
            assert time.monotonic() - self.began < 30
            try:
                assert httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
                break
            except httpx.ConnectError:
                time.sleep(0.01)
        self.ready_s = time.monotonic() - self.began


@pytest.fixture
def process(settings: Settings, store: Store) -> Iterator[Process]:
    yield from started(settings.data_dir)


@pytest.fixture(scope="module")
def only_read(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Process]:
    """One web for the tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("web")
    shutil.copy(migrated, folder / "ticketscope.db")
    yield from started(folder)


def started(data_dir: Path) -> Iterator[Process]:
    process = Process(data_dir)
    yield process
    process.process.kill()
    process.process.wait()


def test_the_web_is_ready_soon_and_imports_nothing_heavy(process: Process) -> None:
    httpx.post(f"{process.url}/api/v1/runs", json={"preset": "digits-tickets"}, trust_env=False)
    for path in ("/", "/docs", "/openapi.json", "/api/v1/catalog", "/metrics"):
        assert httpx.get(process.url + path, trust_env=False).status_code == 200
    modules = {name.partition(".")[0] for name in httpx.get(f"{process.url}/modules", trust_env=False).json()}
    assert modules & HEAVY == set()
    print(f"web ready after {process.ready_s:.2f} s (bound 1.5 s)")  # noqa: T201


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_web_at_once_though_pages_are_open(process: Process, signum: int) -> None:
    with httpx.stream("GET", f"{process.url}/live", trust_env=False) as page:
        lines = page.iter_lines()
        next(lines)
        began = time.monotonic()
        process.process.send_signal(signum)
        list(lines)
        process.process.wait(10)
    assert time.monotonic() - began < 3


def test_the_reference_asks_no_other_server_for_anything(only_read: Process) -> None:
    page = httpx.get(f"{only_read.url}/docs", trust_env=False).text
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page  # the policy forbids what is written into a page
    for path in page.split('"'):
        if path.startswith("/static/"):
            assert httpx.get(only_read.url + path, trust_env=False).status_code == 200


def test_the_schema_describes_every_row_of_the_interface(only_read: Process) -> None:
    paths = httpx.get(f"{only_read.url}/openapi.json", trust_env=False).json()["paths"]
    run = "/api/v1/runs/{run_id}"
    expected = {
        "/api/v1/runs": {"get", "post"},
        "/api/v1/sweeps": {"get", "post"},
        "/api/v1/sweeps/preview": {"post"},
        "/api/v1/sweeps/{sweep_id}": {"get", "patch", "delete"},
        "/api/v1/sweeps/{sweep_id}/members": {"get"},
        "/api/v1/sweeps/{sweep_id}/archive": {"get"},
        "/api/v1/sweeps/{sweep_id}/figures/{name}": {"get"},
        **{f"/api/v1/sweeps/{{sweep_id}}/{name}": {"post"} for name in ("cancel", "resume", "extend", "restore")},
        "/api/v1/runs/bulk": {"post"},
        "/api/v1/runs/groups": {"get"},
        f"{run}/comments": {"get", "post"},
        "/api/v1/sweeps/{sweep_id}/comments": {"get", "post"},
        "/api/v1/comments/{comment_id}": {"patch", "delete"},
        "/api/v1/comments/{comment_id}/restore": {"post"},
        "/api/v1/notifications": {"get"},
        "/api/v1/notifications/read": {"post"},
        "/api/v1/reports": {"get", "post"},
        "/api/v1/reports/{report_id}": {"get", "patch", "delete"},
        "/api/v1/reports/{report_id}/restore": {"post"},
        "/api/v1/views": {"get", "post"},
        "/api/v1/views/{view_id}": {"delete"},
        "/api/v1/views/{view_id}/restore": {"post"},
        "/api/v1/archive": {"get"},
        "/api/v1/archives": {"post"},
        f"{run}/archive": {"get"},
        "/api/v1/compare": {"get"},
        "/api/v1/compare/figures/{name}": {"get"},
        "/api/v1/compare/figures/{name}/table": {"get"},
        "/api/v1/imports": {"post"},
        run: {"get", "patch", "delete"},
        f"{run}/cancel": {"post"},
        f"{run}/resume": {"post"},
        f"{run}/clone": {"post"},
        f"{run}/extend": {"post"},
        f"{run}/restore": {"post"},
        f"{run}/events": {"get"},
        f"{run}/series": {"get"},
        f"{run}/comparison": {"get"},
        f"{run}/figures/{{name}}": {"get"},
        f"{run}/masks": {"get"},
        f"{run}/spec": {"get"},
        **{
            f"{run}/masks/{{layer}}/{name}": {"get"}
            for name in ("legend", "partner", "tile", "values", "units/{number}")
        },
        f"{run}/film": {"get"},
        **{f"{run}/film/{name}": {"get"} for name in ("frame", "export", "values")},
        "/api/v1/pictures": {"post"},
        "/api/v1/pictures/preview": {"post"},
        "/api/v1/pictures/samples/{name}": {"get"},
        f"{run}/again": {"post"},
        f"{run}/repetition": {"get"},
        f"{run}/artifacts": {"get"},
        f"{run}/tickets/{{replicate}}/{{level}}": {"get"},
        "/api/v1/artifacts/{artifact_id}": {"get"},
        "/api/v1/bin": {"delete"},
        "/api/v1/catalog": {"get"},
        "/api/v1/presets": {"get"},
        "/api/v1/workers": {"get"},
        "/api/v1/queue": {"get"},
        "/api/v1/costs": {"get"},
        "/api/v1/workers/{worker_id}/mode": {"post"},
        "/api/v1/runs/{run_id}/move": {"post"},
        "/api/v1/maintenance": {"get", "post"},
        "/healthz": {"get"},
        "/readyz": {"get"},
    }
    assert {path: set(methods) for path, methods in paths.items()} == expected
    assert json.dumps(paths).count("application/problem+json") > 20
