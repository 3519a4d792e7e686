"""The embedded Valkey: who may speak to it, and who can learn how."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from app import broker


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Port of a server of the folder `tmp_path`."""
    port = broker.free_port()
    process = subprocess.Popen(broker.command(port, tmp_path))
    assert broker.wait(port, 5)
    yield port
    process.terminate()
    process.wait()


def password(url: str) -> str:
    return url.removeprefix("redis://:").partition("@")[0]


def test_nobody_is_served_without_the_password(server: int, tmp_path: Path) -> None:
    for url in (f"redis://127.0.0.1:{server}/0", f"redis://:{'0' * 64}@127.0.0.1:{server}/0"):
        with redis.Redis.from_url(url) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
    with redis.Redis.from_url(broker.url(server, tmp_path)) as client:
        assert client.ping()


def test_only_the_owner_can_read_the_password_and_no_list_of_processes_shows_it(server: int, tmp_path: Path) -> None:
    secret = password(broker.url(server, tmp_path))
    assert len(secret) == 64
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert [path.name for path in holding] == ["valkey.conf"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert not any(secret in " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


def test_each_installation_keeps_a_password_of_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert broker.url(1, first) == broker.url(1, first)
    assert password(broker.url(1, first)) != password(broker.url(1, second))


def test_a_password_that_others_could_read_is_closed_to_them_again(tmp_path: Path) -> None:
    broker.url(1, tmp_path)
    (tmp_path / "valkey.conf").chmod(0o644)
    broker.url(1, tmp_path)
    assert stat.S_IMODE((tmp_path / "valkey.conf").stat().st_mode) == 0o600


def test_a_file_without_a_password_starts_no_open_broker(tmp_path: Path) -> None:
    (tmp_path / "valkey.conf").write_text("")
    with pytest.raises(ValueError, match=r"valkey\.conf holds no password"):
        broker.command(1, tmp_path)


def test_the_file_is_never_open_to_others_even_while_it_is_written(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        broker.url(1, tmp_path)
    finally:
        os.umask(before)
    assert [path.name for path in tmp_path.iterdir()] == ["valkey.conf"]
    assert stat.S_IMODE((tmp_path / "valkey.conf").stat().st_mode) == 0o600
