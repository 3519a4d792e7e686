"""The compose file is sound: local only, one migrator, a GPU profile; and Compose accepts it where it is installed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_ports_are_published_on_this_machine_only() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8000:8000"]


def test_only_one_service_changes_the_schema() -> None:
    commands = {name: service.get("command", "") for name, service in COMPOSE["services"].items()}
    assert [name for name, command in commands.items() if "migrate" in command] == ["migrate"]
    assert commands["web"] == "ticketscope web"


def test_the_gpu_worker_waits_for_its_profile() -> None:
    assert COMPOSE["services"]["worker-gpu"]["profiles"] == ["gpu"]


def test_the_web_image_has_no_torch() -> None:
    web = (ROOT / "Dockerfile").read_text().split(" AS web")[1].split(" AS worker")[0]
    assert "torch" not in web
    assert "[worker]" not in web


COMPOSE_COMMAND = (
    ["docker-compose"]
    if shutil.which("docker-compose")
    else ["docker", "compose"]
    if shutil.which("docker")
    and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    else None
)


@pytest.mark.skipif(COMPOSE_COMMAND is None, reason="Docker Compose is not installed on this machine")
def test_compose_accepts_the_file() -> None:
    assert COMPOSE_COMMAND is not None
    result = subprocess.run(
        [*COMPOSE_COMMAND, "-f", ROOT / "docker-compose.yml", "config"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
