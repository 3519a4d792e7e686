"""Accounts from the command line: the first admin, a lost password, and a token for scripts."""

from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from app.store import Store
from tests.app.commands import Forked, environment
from tests.app.conftest import Web

PASSWORD = "correct horse battery"


def test_the_first_admin_comes_in_by_the_printed_link(forked: Forked, web: Web, tmp_path: Path, store: Store) -> None:
    env = environment(tmp_path, PORT=web.url.rpartition(":")[2])
    assert "accounts on" in forked(env, "accounts", "invite", "viewer").stderr
    on = forked(env, "accounts", "on")
    assert on.returncode == 0, on.stderr
    address = on.stdout.splitlines()[-1]
    assert address.startswith(f"{web.url}/join?link=")
    page = httpx.get(address, trust_env=False)
    assert "As an admin" in page.text
    data = {"link": address.partition("link=")[2], "name": "ada", "password": PASSWORD, "again": PASSWORD}
    joined = httpx.post(f"{web.url}/join", data=data, trust_env=False)
    assert joined.status_code == 303

    again = forked(env, "accounts", "on")
    assert again.returncode == 1
    assert "accounts link NAME" in again.stderr
    lost = forked(env, "accounts", "link", "ada")
    page = httpx.get(lost.stdout.splitlines()[-1], trust_env=False)
    assert "A new password for ada" in page.text
    assert forked(env, "accounts", "link", "eve").returncode == 1
    invited = forked(env, "accounts", "invite", "viewer").stdout.splitlines()[-1]
    assert "As a viewer" in httpx.get(invited, trust_env=False).text
    assert forked(env, "accounts", "invite", "king").returncode == 2

    (ada,) = store.people_page("", "", 100)
    refused = forked(env, "runs")
    assert refused.returncode == 1
    assert "Log in first" in refused.stderr
    token = store.new_token(ada.id, "script", "write", 1)
    env["TICKETSCOPE_TOKEN"] = token
    submitted = forked(env, "submit", "digits-tickets")
    assert submitted.returncode == 0, submitted.stderr
    assert token not in submitted.stdout + submitted.stderr
    (run,) = store.runs().items
    assert store.owns(ada.id, run_id=run.id)
    assert forked(env, "export", run.id, "-o", str(tmp_path / "run.zip")).returncode == 0


def test_the_token_does_not_show_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETSCOPE_TOKEN", "a-secret")
    assert "a-secret" not in repr(Settings())
