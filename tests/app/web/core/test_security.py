"""Every request and response passes the gate: host, site, size, headers."""

import http.client
from collections.abc import Iterator

import httpx
import pytest

from app.settings import Settings
from app.web.core.body import MAX_BODY_BYTES
from app.web.core.headers import CONTENT_SECURITY_POLICY
from tests.app.conftest import Web


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/nowhere", "/api/v1/runs/nowhere", "/docs", "/healthz"])
def test_every_answer_carries_the_strict_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path, headers={"Accept": "text/html"}).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_the_policy_admits_no_inline_script_and_no_frame() -> None:
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["script-src"] == "'self'"
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in CONTENT_SECURITY_POLICY
    assert "'sha256-AR/cKIZjWPcPmBUPDA6oti9XBiTbJvz0Cro2J1VzzS8='" in directives["style-src"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "LOCALHOST:1", "[::1]:8000", "[::1]"])
def test_known_hosts_pass_on_any_port(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:8000:evil", "", "[::2]:80"])
def test_a_foreign_host_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "path", ["/runs/%00", "/api/v1/runs/a%00b", "/api/v1/runs?q=%00", "/?tag=a%00b", "/?%00", "/runs/x?before=1&y=%00"]
)
def test_an_address_with_nul_is_refused(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert "NUL" in answer.json()["detail"]


def test_a_percent_sign_before_zeros_is_no_nul(client: httpx.Client) -> None:
    assert client.get("/api/v1/runs?q=%2500").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://[::1"},
        {"Origin": "http://[x]"},
        {"Origin": ""},
    ],
)
def test_another_site_cannot_act(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/runs", json={"preset": "digits-tickets"}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/api/v1/runs").json()["items"] == []


def test_only_names_of_this_machine_are_served_unless_asked() -> None:
    assert set(Settings().allowed_hosts) == {"127.0.0.1", "localhost", "[::1]"}


def test_our_own_pages_scripts_and_reading_from_elsewhere_pass(web: Web) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": web.url}, {}):
        answer = web.client.post("/api/v1/runs", json={"preset": "digits-tickets"}, headers=headers)
        assert answer.status_code == 201
    assert web.client.get("/api/v1/runs", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_body_over_the_limit_is_refused_and_one_at_it_is_read(client: httpx.Client) -> None:
    too_long = client.post("/api/v1/runs", content=b" " * (MAX_BODY_BYTES + 1))
    assert (too_long.status_code, too_long.headers["content-type"]) == (413, "application/problem+json")
    just = client.post("/api/v1/runs", content=b" " * MAX_BODY_BYTES, headers={"Content-Type": "application/json"})
    assert just.status_code == 400


def test_a_chunked_body_over_the_limit_is_refused_on_any_route(web: Web) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(2 + MAX_BODY_BYTES // 65_536):
            yield b"x" * 65_536

    host = web.url.removeprefix("http://")
    for path in ("/api/v1/runs", "/api/v1/runs/any/cancel", "/nowhere"):
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.putrequest("POST", path)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for chunk in chunks():
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        answer = connection.getresponse()
        assert answer.status == 413
        assert answer.getheader("content-type") == "application/problem+json"
        connection.close()


def test_a_chunked_body_within_the_limit_arrives_whole(client: httpx.Client) -> None:
    parts = [b'{"preset": ', b'"digits-tickets", ', b'"name": "in parts"}']
    answer = client.post("/api/v1/runs", content=iter(parts), headers={"Content-Type": "application/json"})
    assert answer.json()["name"] == "in parts"
