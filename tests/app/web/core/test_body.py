"""Bodies that come too slowly, and JSON that says a thing twice or true for a number."""

import http.client
import socket
import time

import httpx
import pytest

from app.web.core import body
from tests.app.conftest import Web


def begin(web: Web, path: str, content_type: str) -> socket.socket:
    """A request whose body has begun and goes on for ever."""
    host, _, port = web.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    first = (
        b"--x\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\n"
        if "multipart" in content_type
        else b"{"
    )
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nContent-Length: 5000\r\n\r\n"
    connection.sendall(head.encode() + first)
    return connection


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/api/v1/runs", "application/json"),
        ("/new", "application/x-www-form-urlencoded"),
        ("/nowhere", "text/plain"),
        ("/api/v1/imports", "multipart/form-data; boundary=x"),
        ("/import", "multipart/form-data; boundary=x"),
        ("/api/v1/pictures", "multipart/form-data; boundary=x"),
    ],
)
def test_a_body_that_never_ends_is_given_up_and_others_are_served_meanwhile(
    web: Web, path: str, content_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "PATIENCE_S", 1.0)
    with begin(web, path, content_type) as slow:
        assert web.client.get("/api/v1/runs").status_code == 200
        end = time.monotonic() + 15
        with http.client.HTTPResponse(slow) as answer:
            dripping = True
            slow.settimeout(0.1)
            while dripping:  # a byte now and then buys no time
                assert time.monotonic() < end
                try:
                    dripping = not slow.recv(1, socket.MSG_PEEK)
                except TimeoutError:
                    slow.sendall(b" ")
            slow.settimeout(5)
            answer.begin()
            assert (answer.status, answer.getheader("content-type")) == (408, "application/problem+json")
            assert b"arrived too slowly" in answer.read()


def test_a_body_that_keeps_coming_has_the_time_that_its_length_takes(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "PATIENCE_S", 0.5)
    with begin(web, "/api/v1/runs", "application/json") as steady:
        for _ in range(4):
            time.sleep(0.05)
            steady.sendall(b" " * 1_000)
        steady.sendall(b" " * 998 + b"x")
        with http.client.HTTPResponse(steady) as answer:
            answer.begin()
            assert answer.status == 400


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"preset": "digits-tickets", "preset": "lenet-quick"}', "preset"),
        ('{"spec": {"kind": "lottery", "optimizer": {"kind": "sgd", "lr": 1, "lr": 0.1}}}', "optimizer.lr"),
        ('{"preset": "digits-tickets", "tags": [{"a": 1, "a": 2}]}', "tags.0.a"),
    ],
)
def test_a_name_that_stands_twice_is_refused(client: httpx.Client, text: str, path: str) -> None:
    for content_type in ("application/json", "application/merge-patch+json"):
        answer = client.post("/api/v1/runs", content=text, headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
        assert "occurs twice" in answer.json()["detail"]
    assert client.get("/api/v1/runs").json()["items"] == []


def test_a_run_is_not_renamed_by_the_second_of_two_names(client: httpx.Client) -> None:
    run = client.post("/api/v1/runs", json={"preset": "digits-tickets"}).json()
    address = f"/api/v1/runs/{run['id']}"
    assert client.patch(address, content='{"name": "a", "name": "b"}').status_code == 422
    assert client.get(address).json()["name"] == run["name"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"steps": True}, "steps"),
        ({"seed": False}, "seed"),
        ({"optimizer": {"kind": "adam", "lr": True}}, "optimizer.lr"),
        ({"optimizer": {"kind": "adam", "lr": 0.1, "betas": [False, 0.9]}}, "optimizer.betas"),
        ({"branches": [{"kind": "reinit", "draws": True}]}, "branches.0.draws"),
    ],
)
def test_true_is_no_number(client: httpx.Client, change: dict[str, object], path: str) -> None:
    preset = client.get("/api/v1/presets").json()["items"][0]["spec"]
    answer = client.post("/api/v1/runs", json={"spec": {**preset, **change}})
    assert answer.status_code == 422
    assert [(bad["path"], bad["message"]) for bad in answer.json()["errors"]] == [(path, "must not be true or false")]


def test_true_is_no_number_in_a_look_at_a_picture_nor_in_a_query(client: httpx.Client) -> None:
    answer = client.post("/api/v1/pictures/preview", json={"contrast": True})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "contrast")
    assert client.get("/api/v1/runs?limit=true").json()["errors"][0]["path"] == "limit"


def test_true_is_still_a_switch(client: httpx.Client) -> None:
    preset = client.get("/api/v1/presets").json()["items"][0]["spec"]
    assert (
        client.post(
            "/api/v1/runs", json={"spec": {**preset, "dataset": {"kind": "digits", "normalise": True}}}
        ).status_code
        == 201
    )
