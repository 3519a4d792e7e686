"""docs/add-an-experiment.md, followed to the letter: what it adds is submitted, done and shown."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs" / "add-an-experiment.md").read_text()
BLOCKS = dict(re.findall(r"^\*\*`([^`]+)`\*\*\n\n```python\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL))
KIND = "init_norm"
USE = """
import json, sys
from pathlib import Path
from app.kinds.registry import KINDS
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.app.in_process import in_process
from workers.job import Job
from workers.supervisor import Supervisor

if __name__ == "__main__":
    settings = Settings(data_dir=Path(sys.argv[1]), demo=False)
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    with in_process(create_app(settings, store, Queue(""))) as client:
        spec = {"kind": "init_norm", "widths": [2, 256], "replicates": 2}
        run = client.post("/api/v1/runs", json={"spec": spec}).json()
        while (claim := store.claim("cpu", "a test")) is not None:
            Supervisor(store, Queue(""), Job(claim, settings, "a test", "cpu"), lambda: False).run()
        url = f"/api/v1/runs/{run['id']}"
        figure = client.get(f"{url}/figures/norm_vs_width").json()
        print(json.dumps({
            "state": client.get(url).json()["state"],
            "norms": client.get(f"{url}/series", params={"name": "norm"}).json()["columns"]["value"],
            "finding": "".join(part["text"] for part in figure["layout"]["meta"]["finding"]),
            "rows": client.get(f"{url}/series", params={"name": "init_norm", "format": "csv"}).text.splitlines(),
            "wide": client.get(f"{url}/series", params={"name": "init_norm", "width": 256}).json()["columns"]["width"],
            "unknown": client.get(f"{url}/series", params={"name": "init_norm", "level": 0}).json()["errors"],
            "csv": client.get(f"{url}/figures/norm_vs_width", params={"format": "csv"}).text.splitlines()[0],
            "page": client.get(f"/runs/{run['id']}", headers={"Accept": "text/html"}).text,
            "form": client.get("/new?kind=init_norm", headers={"Accept": "text/html"}).text,
            "catalog": client.get("/api/v1/catalog").text,
        }))
    store.close()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project with the kind that the page adds."""
    copy = tmp_path_factory.mktemp("project")
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in tracked.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    for name, code in BLOCKS.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(code)
    specs = copy / "app" / "kinds" / "specs.py"
    text = specs.read_text()
    assert text.count('"hardware", "imported")') == 1
    specs.write_text(text.replace('"hardware", "imported")', f'"hardware", "imported", "{KIND}")'))
    return copy


def test_it_is_one_folder_its_code_and_one_name(project: Path) -> None:
    folder = f"app/kinds/{KIND}/"
    assert [name for name in BLOCKS if not name.startswith(folder)] == [f"workers/science/experiments/{KIND}.py"]
    assert {name.removeprefix(folder) for name in BLOCKS if name.startswith(folder)} == {
        "spec.py", "presets.py", "kind.py", "figures/norm_vs_width.py",
    }  # fmt: skip


def test_it_is_submitted_done_and_shown(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path)],
        cwd=project, env={**os.environ, "PYTHONPATH": str(project)}, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert got["state"] == "finished"
    # Bai and Yin: it tends to 2 as the width grows.
    assert len(got["norms"]) == 4
    assert all(abs(norm - 2) < 0.15 for norm in got["norms"][1::2])
    assert got["finding"].startswith("At width 256 the norm is ")
    assert got["csv"] == "width,replicate,norm"
    # Its own coordinate names the rows and finds them; that of another kind is refused by name.
    assert got["rows"][0] == "replicate,width,norm"
    assert [row.split(",")[1] for row in got["rows"][1:]] == ["2", "256", "2", "256"]
    assert got["wide"] == [256, 256]
    assert [error["path"] for error in got["unknown"]] == ["level"]
    assert 'data-tab="norm"' in got["page"]
    assert 'data-figure="norm_vs_width"' in got["page"]
    assert "Norm at initialisation" in got["form"]
    assert KIND in got["catalog"]
