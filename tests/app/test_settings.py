"""Settings come from the environment, once, and paths are absolute."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


def test_everything_defaults_to_the_data_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TICKETSCOPE_DATA_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "ARTIFACTS_URL", "DATASETS_DIR", "HOST"):
        monkeypatch.delenv(f"TICKETSCOPE_{name}", raising=False)
    settings = Settings()
    assert settings.host == "127.0.0.1"
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/ticketscope.db"
    assert settings.resolved_artifacts_url == f"{tmp_path}/artifacts"
    assert settings.resolved_datasets_dir == tmp_path / "datasets"


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETSCOPE_PORT", "9001")
    monkeypatch.setenv("TICKETSCOPE_DATABASE_URL", "postgresql+psycopg://lab/tickets")
    monkeypatch.setenv("TICKETSCOPE_DEMO", "0")
    settings = Settings()
    assert settings.port == 9001
    assert settings.resolved_database_url == "postgresql+psycopg://lab/tickets"
    assert settings.demo is False


def test_an_impossible_port_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETSCOPE_PORT", "70000")
    with pytest.raises(ValidationError, match="port"):
        Settings()
