"""Whether the web may listen where it is asked to."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.address import CannotListen, check_guarded
from app.settings import Settings
from app.store import Store
from tests.app.commands import Forked, environment

Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_needs_no_accounts(host: str) -> None:
    check_guarded(Settings(host=host), accounts=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.7", "lab.example"])
def test_other_machines_need_accounts_or_a_word(host: str) -> None:
    with pytest.raises(CannotListen, match=r"ticketscope accounts on.*TICKETSCOPE_UNGUARDED=1"):
        check_guarded(Settings(host=host), accounts=False)
    check_guarded(Settings(host=host), accounts=True)
    check_guarded(Settings(host=host, unguarded=True), accounts=False)


@pytest.mark.parametrize("command", ["up", "web"])
def test_a_web_that_strangers_could_reach_does_not_start(
    forked: Forked, tmp_path: Path, store: Store, command: str
) -> None:
    done = forked(environment(tmp_path, HOST="0.0.0.0", BROKER_URL="redis://127.0.0.1:1/0"), command, seconds=40)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "TICKETSCOPE_UNGUARDED=1" in done.stderr
