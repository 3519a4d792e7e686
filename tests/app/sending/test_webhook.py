"""Webhooks reach the public internet and what is allowed, and nothing of the own network by whatever way."""

import json
import socket
import threading
import time
from typing import Any

import pytest

from app.sending import webhook
from app.sending.addresses import RefusedError, public, resolved
from tests.app.sending.servers import Hook, served

INSIDE = (
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "2002:7f00:1::",
    "64:ff9b::a00:1", "64:ff9b::7f00:1",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_outside_are(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "::1", "[::1]"]
)
def test_nothing_is_sent_inside(host: str) -> None:
    hook = Hook()
    name = f"[{host}]" if host == "::1" else host
    with served(hook), pytest.raises((RefusedError, OSError)):
        webhook.post(f"http://{name}:{hook.server_address[1]}/", "x")
    assert hook.bodies == []


def test_a_message_reaches_a_host_that_is_allowed() -> None:
    hook = Hook()
    port = hook.server_address[1]
    with served(hook):
        webhook.post(hook.url, "“a”\nb", ["127.0.0.1"])
        webhook.post(hook.url, "by port", [f"127.0.0.1:{port}"])
        with pytest.raises(RefusedError, match="TICKETSCOPE_WEBHOOK_ALLOW"):
            webhook.post(hook.url, "another port", [f"127.0.0.1:{port + 1}"])
    assert [json.loads(body) for body in hook.bodies] == [{"text": "“a”\nb"}, {"text": "by port"}]


def test_redirects_are_not_followed() -> None:
    hook, inner = Hook(), Hook()
    hook.answers = [(302, inner.url), (307, inner.url)]
    with served(hook), served(inner):
        for _ in range(2):
            with pytest.raises(RefusedError, match="redirects are not followed"):
                webhook.post(hook.url, "x", ["127.0.0.1"])
    assert len(hook.bodies) == 2
    assert inner.bodies == []


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers with a public address first, and with this machine's afterwards, leads to the first."""
    answers = ["93.184.216.34", "127.0.0.1", "127.0.0.1"]
    asked: list[str] = []

    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert resolved("rebinding.example", 80) == (socket.AF_INET, ("93.184.216.34", 80))
    with pytest.raises(RefusedError):
        resolved("rebinding.example", 80)
    assert len(asked) == 2


def test_one_address_inside_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [("93.184.216.34", 80), ("10.0.0.1", 80)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", place) for place in places])
    with pytest.raises(RefusedError):
        resolved("mixed.example", 80)


def test_an_answer_that_drips_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.5)
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        taken, _ = listening.accept()
        taken.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.02):
            try:
                taken.sendall(b"x")
            except OSError:
                break
        taken.close()

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(OSError):  # noqa: PT011 (whatever the system says of a closed connection)
        webhook.post(f"http://127.0.0.1:{listening.getsockname()[1]}/", "x", ["127.0.0.1"])
    assert time.monotonic() - began < 20
    over.set()
    thread.join()
    listening.close()
