"""The Helm chart is sound: Helm's linter, Kubernetes' schemas, values that are refused, and commands that exist."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

from app import broker
from app.cli import app
from app.settings import Settings
from app.store import Store
from tests.lab import until

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy/helm/ticketscope"
VERSIONS = ("1.27", "1.37")
EVERYTHING = {
    "ingress": {"enabled": True, "className": "nginx", "host": "tickets.lab.org", "tlsSecret": "tls"},
    "web": {"replicas": 3, "allowedHosts": ["tickets"], "rootPath": "/tickets"},
    "settings": {"TICKETSCOPE_CHECKPOINT_S": "30"},
    "s3Endpoint": "http://s3.storage:9000",
    "datasetsClaim": "datasets",
    "imagePullSecrets": [{"name": "registry"}],
    "workers": [
        {
            "name": queue,
            "queue": queue,
            "replicas": 1,
            "slots": 2,
            "gpus": int(queue == "gpu"),
            "resources": {"requests": {"cpu": "1"}},
            "nodeSelector": {"zone": "a"},
            "tolerations": [{"key": "x", "operator": "Exists"}],
            "autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 4},
        }
        for queue in ("cpu", "gpu")
    ],
}


def helm(*arguments: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Helm with `values` on top of the chart's own."""
    return subprocess.run(
        [Path(sys.executable).parent / "helm", *arguments, "--values", "-"],
        input=json.dumps(values or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def manifests(values: dict[str, Any]) -> list[dict[str, Any]]:
    """What the chart makes of `values`."""
    done = helm("template", "lab", str(CHART), values=values)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def containers(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        container
        for manifest in manifests(values)
        if manifest["kind"] in ("Deployment", "Job")
        for container in manifest["spec"]["template"]["spec"]["containers"]
    ]


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_linter_and_schemas_accept_it(values: dict[str, Any]) -> None:
    done = helm("lint", "--strict", str(CHART), values=values)
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = []
    for manifest in manifests(values):
        kinds.append(manifest["kind"])
        if manifest["kind"] == "ScaledObject":  # KEDA's own, which Kubernetes has no schema of
            continue
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)
    assert {"Job", "Deployment", "Service", "PodDisruptionBudget"} <= set(kinds)
    assert kinds.count("ScaledObject") == (2 if values else 0)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"artifactsUrl": "/data/artifacts"}, "artifactsUrl"),  # every pod would have others
        ({"web": {"replicas": 0}}, "web.replicas"),
        ({"web": {"replica": 2}}, "replica"),
        ({"workers": [{"name": "gpu", "queue": "gpu", "replicas": 1}]}, "gpus"),
        ({"workers": [{"name": "A worker", "queue": "cpu", "replicas": 1}]}, "name"),
        ({"settings": {"PATH": "/"}}, "settings"),
    ],
)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], field: str) -> None:
    done = helm("template", "lab", str(CHART), values=values)
    assert done.returncode != 0
    assert field in done.stderr


def test_commands_and_settings_exist() -> None:
    fields = {f"TICKETSCOPE_{name.upper()}" for name in Settings.model_fields}
    for container in containers(EVERYTHING):
        command = container["command"]
        shown = CliRunner().invoke(app, [command[1], "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0
        for option in (part for part in command[2:] if part.startswith("--")):
            assert option in re.sub(r"\x1b\[[0-9;]*m", "", shown.output)
        names = [variable["name"] for variable in container["env"]]
        assert {name for name in names if name.startswith("TICKETSCOPE_")} <= fields
        assert len(names) == len(set(names))
    gpu = next(part for part in containers(EVERYTHING) if "gpu" in part["command"])
    assert gpu["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_a_web_with_its_environment_passes_its_probes_and_has_its_metrics(tmp_path: Path) -> None:
    web = next(part for part in containers({**EVERYTHING, "web": {"unguarded": True}}) if "web" in part["command"])
    port = broker.free_port()
    given = {
        variable["name"]: variable["value"].replace("$(POD_IP)", "10.1.2.3")
        for variable in web["env"]
        if "value" in variable
    }
    ours = {
        "TICKETSCOPE_PORT": str(port),
        "TICKETSCOPE_DATA_DIR": str(tmp_path),
        "TICKETSCOPE_DATABASE_URL": f"sqlite:///{tmp_path / 'ticketscope.db'}",
        "TICKETSCOPE_ARTIFACTS_URL": str(tmp_path / "artifacts"),
    }
    store = Store(ours["TICKETSCOPE_DATABASE_URL"], ours["TICKETSCOPE_ARTIFACTS_URL"])
    store.migrate()
    store.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "web"], env={**os.environ, **given, **ours}, stderr=subprocess.DEVNULL
    )

    def status(path: str, host: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    try:
        until(lambda: status("/healthz", "localhost") != 0)
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = web[name]["httpGet"]
            assert status(probe["path"], "10.1.2.3:8000") == 200
            assert status(probe["path"], "10.1.2.4:8000") == 400
        assert status("/", "lab-ticketscope-web") == 200
        assert status("/", "tickets.lab.org") == 200
        request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Host": "10.1.2.3:8000"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            metrics = answer.read().decode()
    finally:
        process.kill()
        process.wait()
    scaled = [part for part in manifests(EVERYTHING) if part["kind"] == "ScaledObject"]
    for query in (trigger["metadata"]["query"] for part in scaled for trigger in part["spec"]["triggers"]):
        for metric, queue in re.findall(r'(ticketscope_\w+)\{queue=~?"(\w+)', query):
            assert f'{metric}{{queue="{queue}"}}' in metrics
