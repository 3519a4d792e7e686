"""The pages work behind a sub-path of another server, whether its proxy keeps the sub-path or strips it."""

import json
import re
from html import unescape

import httpx
import pytest
from pydantic import ValidationError

from app.kinds.lottery.spec import LotteryKey
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.app.conftest import Hand, Serve
from tests.app.web.core.test_streams import SSE, frames
from tests.proxy import proxy

ROOT = "/lab/tickets"
_ADDRESS = re.compile(r'(?:href|src|srcset|action|data-src)="(/[^"]*)"')
_PAGES = (
    "/",
    "/new",
    "/erasure",
    "/hardware",
    "/presets",
    "/import",
    "/queue",
    "/workers",
    "/costs",
    "/sweeps",
    "/notifications",
    "/reports",
    "/reports/new",
    "/bin",
    "/protocol",
    "/docs",
    "/no",
)
_TABS = ("", "training", "masks", "overlap", "movement", "spec", "log")


@pytest.fixture(params=["kept", "stripped"])
def lab(
    request: pytest.FixtureRequest, settings: Settings, store: Store, no_broker: Queue, serve: Serve
) -> httpx.Client:
    """A client of a proxy that serves Ticketscope at ROOT beside other things."""
    inner = serve(create_app(settings.model_copy(update={"root_path": ROOT}), store, no_broker))
    outer = serve(proxy(inner.url, ROOT, strip=request.param == "stripped"))
    return outer.client


def addresses(page: str) -> set[str]:
    return {unescape(address).partition("#")[0] for address in _ADDRESS.findall(page)}


def test_every_address_on_every_page_stays_below_the_sub_path(lab: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.93)
    found: set[str] = set()
    for page in (*_PAGES, *(f"/runs/{run.id}?tab={tab}" for tab in _TABS)):
        answer = lab.get(ROOT + page, headers={"Accept": "text/html"})
        assert answer.status_code == (404 if page == "/no" else 200), page
        found |= addresses(answer.text)
    assert len(found) > 40
    assert {address for address in found if not address.startswith(f"{ROOT}/")} == set()
    actions = re.compile(
        "/(theme|empty|cancel|resume|again|bin|restore|purge|edit|run|bulk|views|comments|channels|priority|move|mode|maintenance)$"
    )
    for address in sorted(found):
        if not actions.search(address):
            assert lab.get(address, headers={"Accept": "text/html"}).status_code == 200, address


def test_redirects_and_locations_stay_below_the_sub_path(lab: httpx.Client) -> None:
    made = lab.post(f"{ROOT}/api/v1/runs", json={"preset": "digits-tickets"})
    assert made.headers["location"] == f"{ROOT}/api/v1/runs/{made.json()['id']}"
    assert lab.get(made.headers["location"]).json()["id"] == made.json()["id"]
    done = lab.post(f"{ROOT}/runs/{made.json()['id']}/cancel")
    assert (done.status_code, done.headers["location"]) == (303, f"{ROOT}/runs/{made.json()['id']}")
    theme = lab.post(f"{ROOT}/theme", data={"theme": "dark"}, headers={"Referer": f"http://lab.example{ROOT}/bin"})
    assert theme.headers["location"] == f"{ROOT}/bin"
    assert 'aria-current="page">Bin' in lab.get(f"{ROOT}/bin").text
    shown = lab.get(f"{ROOT}/runs/{made.json()['id']}?tab=spec").text
    assert f"{lab.base_url.host}:{lab.base_url.port}{ROOT}/api/v1/runs" in shown


def test_the_sub_path_itself_is_the_board_and_nothing_else_is_served(lab: httpx.Client) -> None:
    assert lab.get(ROOT).status_code == 200
    assert lab.get("/other").status_code == 404
    assert lab.get(f"{ROOT}/openapi.json").json()["servers"] == [{"url": ROOT}]
    assert 'path="/api/v1/runs"' in lab.get(f"{ROOT}/metrics").text or lab.get(f"{ROOT}/api/v1/runs").status_code == 200


def test_requests_are_counted_under_their_own_path(lab: httpx.Client) -> None:
    lab.get(f"{ROOT}/api/v1/runs")
    lab.get(f"{ROOT}/static/icon.svg")
    counted = lab.get(f"{ROOT}/metrics").text
    assert 'route="/api/v1/runs"' in counted
    assert 'route="/static"' in counted
    assert ROOT not in counted


def test_streams_go_on_through_the_proxy_while_they_are_open(lab: httpx.Client, hand: Hand) -> None:
    """What happens while a stream is open arrives through it, as hints for pages and as events for scripts."""
    run = hand.run()
    with (
        lab.stream("GET", f"{ROOT}/live", params={"runs": run.id}, headers=SSE) as hints,
        lab.stream("GET", f"{ROOT}/api/v1/runs/{run.id}/events", headers=SSE) as log,
    ):
        for answer in (hints, log):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"  # nginx would wait for a full buffer
        hint = (json.loads(frame["data"]) for frame in frames(hints.iter_lines()) if "data" in frame)
        event = (int(frame["id"]) for frame in frames(log.iter_lines()) if "id" in frame)
        first = next(hint)
        assert (first["run"], first["seq"]) == (run.id, run.last_seq)
        assert [next(event) for _ in range(run.last_seq)] == list(range(1, run.last_seq + 1))
        for step in range(3):
            seq = hand.measure("evaluation", LotteryKey(level=1), step=[float(step)])
            assert next(event) == seq
        assert any(each["seq"] == seq for each in hint)
    headers = {**SSE, "Last-Event-ID": str(seq - 1)}
    with lab.stream("GET", f"{ROOT}/api/v1/runs/{run.id}/events", headers=headers) as log:
        assert next(frame["id"] for frame in frames(log.iter_lines()) if "id" in frame) == str(seq)


@pytest.mark.parametrize(("text", "root"), [("/lab/", "/lab"), ("", ""), ("/", ""), ("/a/b-c", "/a/b-c")])
def test_a_sub_path_is_read_without_its_last_slash(text: str, root: str) -> None:
    assert Settings(root_path=text).root_path == root


@pytest.mark.parametrize("text", ["lab", "http://lab", "/la b", "/a?b", "//x", '/"'])
def test_what_is_no_sub_path_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="root_path"):
        Settings(root_path=text)
