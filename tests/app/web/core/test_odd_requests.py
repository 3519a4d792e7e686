"""Whatever stands in headers and addresses, no route answers with a fault of its own."""

from typing import Any

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.store import Store
from tests.app.conftest import Hand, Web
from tests.app.masked_run import write_run

HEADERS: list[dict[str, str | bytes]] = [
    {"Accept": "text/html;q=x, */*;q=nan, ;;;,", "If-None-Match": '"', "Last-Event-ID": "-1"},
    {"Accept": "text/event-stream;q=inf", "If-None-Match": "*", "Last-Event-ID": "9" * 40, "Range": "bytes=9-1"},
    {"Accept": b"\xff\xfe", "Cookie": "theme=\x01; theme; =;;", "Accept-Encoding": "gzip;q=, br;;"},
    {"Accept": "application/" + "x" * 4_000, "Cookie": "theme=" + "a" * 4_000, "Referer": "http://["},
    {
        "Accept": "text/csv",
        "If-Modified-Since": "yesterday",
        "Origin": "http://[::1",
        "Content-Type": ";;;charset=\xff",
    },
    {"Accept": "text/html", "Content-Type": "multipart/form-data", "Sec-Fetch-Site": "\xe9", "X-Forwarded-For": "["},
]
VALUES = ["", "-1", "1e999", "nan", "9" * 30, "ü[(%", "a,b:c", "1:1:1", "../..", "x" * 3_000, "0"]


def routes(web: Web) -> list[Any]:
    """All routes of all routers, each with its whole path."""
    routers = [each for each in web.app.routes if hasattr(each, "effective_route_contexts")]
    found = [route for router in routers for route in router.effective_route_contexts()]
    assert len(found) > 40
    return found


def address(route: Any, run_id: str) -> str:
    """The route's path for a run; what else it wants in the path is odd."""
    known = {"run_id": run_id, "replicate": "0", "level": "1", "name": "training_curves", "artifact_id": "0" * 64}
    path: str = route.path
    for part in route.param_convertors:
        path = path.replace(f"{{{part}}}", known.get(part, "0")).replace(f"{{{part}:path}}", known.get(part, "0"))
    return path


@pytest.fixture
def runs(store: Store, hand: Hand) -> list[str]:
    """A run with tickets, one that has just begun, and one of each other kind that has not."""
    begun = hand.run().id
    hand.outcome(0, 1.0, 0.9)
    others = {preset.spec.kind: preset.spec for preset in PRESETS.values()}
    return [
        write_run(store, {"fc1": (5, 16), "fc2": (3, 5)}).id,
        begun,
        *(store.create_run(spec, name=kind).id for kind, spec in others.items()),
    ]


def ask(client: httpx.Client, method: str, path: str, **request: Any) -> None:
    with client.stream(method, path, **request) as answer:
        assert answer.status_code < 500, f"{method} {path} {request}: {answer.read()!r}"


def test_odd_headers_break_no_route(web: Web, runs: list[str]) -> None:
    for route in routes(web):
        for method in sorted(route.methods):
            for headers in HEADERS:
                for run_id in runs if method == "GET" and "{run_id}" in route.path else runs[:1]:
                    raw = [(name, v if isinstance(v, bytes) else v.encode("latin-1")) for name, v in headers.items()]
                    ask(web.client, method, address(route, run_id), headers=raw)


def test_odd_values_break_no_query(web: Web, client: httpx.Client, runs: list[str]) -> None:
    turn = 0
    for route in routes(web):
        if "GET" in route.methods:
            # A value is the application's affair; but a stream has no end, which only a socket can break off.
            asked = web.client if route.path == "/live" else client
            names = [field.alias for field in route.dependant.query_params]
            # All odd at once, and each alone: a value that is refused hides what another would have done.
            for odd in [names, *([name] for name in names)]:
                for value in VALUES:
                    turn += 1
                    path = address(route, runs[turn % len(runs)])
                    ask(asked, "GET", path, params=dict.fromkeys([*odd, "unknown"], value))


def test_a_run_of_a_kind_without_tickets_has_none_to_download(client: httpx.Client, runs: list[str]) -> None:
    for run_id in runs[1:]:
        answer = client.get(f"/api/v1/runs/{run_id}/tickets/0/0")
        assert (answer.status_code, answer.json()["detail"]) == (404, f"run {run_id} has saved no tickets (yet)")


def test_a_referer_that_is_no_address_leads_home(client: httpx.Client) -> None:
    for referer in ("http://[", "http://[::1", "//["):
        answer = client.post("/theme", data={"theme": "dark"}, headers={"Referer": referer})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("codec", ["utf-7", "unicode_escape", "undefined", "punycode", "utf-8; charset=utf-7"])
def test_a_form_in_a_codec_of_the_senders_choice_is_refused(client: httpx.Client, codec: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\na+2AA-\\ud800\r\n--b--\r\n'
    for path in ("/theme", "/bulk", "/new", "/views"):
        for kind in (
            f"multipart/form-data; boundary=b; charset={codec}",
            f"Multipart/Form-Data;charset={codec};boundary=b",
        ):
            answer = client.post(path, content=body, headers={"Content-Type": kind})
            assert (answer.status_code, "UTF-8" in answer.text) == (400, True), path
    kind = 'multipart/form-data; boundary=b; charset="UTF-8"'
    assert client.post("/theme", content=body, headers={"Content-Type": kind}).status_code == 303
