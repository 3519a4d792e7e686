"""An address or a form of 100 KB: refused in words by every route that reads it, and nothing is changed."""

import socket
import time
from http.client import HTTPConnection

import httpx
import pytest

from app.store import Store
from tests.app.conftest import Hand, Web
from tests.app.web.core.test_odd_requests import address, routes
from tests.app.web.sound import HTML, sound

LONG = 100_000


@pytest.fixture
def run(hand: Hand) -> str:
    run = hand.run().id
    hand.outcome(0, 1.0, 0.9)
    return run


def get(web: Web, path: str, accept: str) -> tuple[int, str, str]:
    """Return status, type and text of an answer. httpx itself refuses to send addresses of this length."""
    connection = HTTPConnection(web.url.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode(errors="replace")
    finally:
        connection.close()


def test_every_parameter_of_every_route_has_an_end(web: Web, run: str) -> None:
    tried = 0
    for route in routes(web):
        if "GET" not in route.methods or route.path == "/live":
            continue
        path = address(route, run)
        for name in [field.alias for field in route.dependant.query_params] or ["q"]:
            status, kind, text = get(web, f"{path}?{name}={'x' * LONG}", "*/*" if "/api/" in path else "text/html")
            where = f"{path} {name}: {status} {kind}"
            tried += 1
            assert status in (200, 304, 404, 422) or status in range(300, 400), where
            if "/api/" in path and route.dependant.query_params:
                assert status in (404, 422), where
                assert kind == "application/problem+json", where
            assert "x" * 3_000 not in text or status == 200, f"{where} sends it back"
    assert tried > 100


@pytest.mark.parametrize("text", ["x" * LONG, "a OR " * (LONG // 5), "(" * LONG, "-" * LONG, "lr>" * (LONG // 3)])
def test_a_query_of_any_shape_has_an_end(client: httpx.Client, store: Store, run: str, text: str) -> None:
    for body in ({"action": "tag", "tag": "x", "q": text}, {"action": "bin", "q": text, "dry_run": True}):
        answer = client.post("/api/v1/runs/bulk", json=body)
        assert answer.status_code == 422
        assert [error["path"] for error in answer.json()["errors"]] == ["q"]
    form = client.post("/bulk", data={"action": "tag", "tag": "x", "all": "1", "all_q": text}, headers=HTML)
    assert form.status_code == 422
    sound(form.text)
    assert "The search has 1" in form.text or "The search has 9" in form.text
    assert store.run(run).tags == ()
    assert store.run(run).deleted_at is None


def test_many_names_and_tags_have_an_end(client: httpx.Client, store: Store, run: str) -> None:
    for body, field in (
        ({"action": "bin", "runs": ["a" * 10] * 20_000}, "runs"),
        ({"action": "tag", "tags": ["x" * LONG], "runs": [run]}, "tags.0"),
        ({"action": "tag", "tags": ["x"] * LONG, "runs": [run]}, "tags"),
        ({"action": "untag", "tags_of": {run: ["x" * LONG]}}, f"tags_of.{run}.0"),
        ({"action": "tag", "tag": "a\x00b", "runs": [run]}, "tags"),
    ):
        answer = client.post("/api/v1/runs/bulk", json=body)
        assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (422, [field])
    assert (
        client.post(
            "/bulk", data={"action": "tag", "tag": ",".join(map(str, range(20_000))), "run": run}, headers=HTML
        ).status_code
        == 422
    )
    assert store.run(run).tags == ()


@pytest.mark.parametrize("head", [b"GET /?q=" + b"x" * 300_000, b"\x16\x03\x01\x02\x00 hello\r\n\r\n"])
def test_a_head_that_nothing_can_read_is_refused_in_words(web: Web, head: bytes) -> None:
    """Sent in pieces, of which the server reads as many as it takes to refuse."""
    host, _, port = web.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        answer = b""
        try:
            for first in range(0, len(head), 10_000):
                connection.sendall(head[first : first + 10_000])
            answer = connection.recv(4_000)
        except (ConnectionResetError, BrokenPipeError):
            answer = answer or connection.recv(4_000)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json")
    assert b"its address and headers may have 128 kB together" in answer


def test_an_address_that_comes_in_pieces_is_refused_by_its_field(web: Web) -> None:
    host, _, port = web.url.removeprefix("http://").partition(":")
    head = b"GET /api/v1/runs?q=" + b"x" * LONG + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        for first in range(0, len(head), 20_000):
            connection.sendall(head[first : first + 20_000])
            time.sleep(0.02)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 422")
    assert b'"path": "q"' in answer
