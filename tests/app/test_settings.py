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


@pytest.mark.parametrize(
    ("issuer", "fine"),
    [
        ("https://login.lab.example", True),
        ("http://127.0.0.1:8080", True),
        ("http://login.lab.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("login.lab.example", False),
        ("https://", False),
        ("http://[", False),
    ],
)
def test_a_login_of_the_lab_is_asked_over_https(monkeypatch: pytest.MonkeyPatch, issuer: str, fine: bool) -> None:
    monkeypatch.setenv("TICKETSCOPE_OIDC_ISSUER", issuer)
    monkeypatch.setenv("TICKETSCOPE_OIDC_CLIENT_ID", "ticketscope")
    if fine:
        assert Settings().oidc_issuer == issuer
        return
    with pytest.raises(ValidationError, match="oidc_issuer"):
        Settings()


def test_a_login_of_the_lab_needs_the_id_of_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETSCOPE_OIDC_ISSUER", "https://login.lab.example")
    with pytest.raises(ValidationError, match="TICKETSCOPE_OIDC_CLIENT_ID"):
        Settings()


def test_its_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TICKETSCOPE_OIDC_CLIENT_SECRET", "of the environment")
    assert Settings().oidc_secret == "of the environment"
    assert "of the environment" not in repr(Settings())
    (tmp_path / "secret").write_text("of the file\n")
    monkeypatch.setenv("TICKETSCOPE_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert Settings().oidc_secret == "of the file"
