"""Streams over real sockets: hints for pages, the log for scripts."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.kinds.lottery.spec import LotteryKey
from app.store import Store
from tests.app.conftest import Hand, Web


@pytest.fixture
def client(web: Web) -> httpx.Client:
    """One with a socket: in this process an answer comes only once it has ended."""
    return web.client


SSE = {"Accept": "text/event-stream"}
Wait = Callable[[Callable[[], bool]], None]


def frames(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events as fields; a comment is the field named by the empty string."""
    frame: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            frame[name] = value.strip()
        elif frame:
            yield frame
            frame = {}


def events(lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((int(frame["id"]), json.loads(frame["data"])) for frame in frames(lines) if "id" in frame)


def test_the_log_is_replayed_and_then_followed(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    with client.stream("GET", f"/api/v1/runs/{run.id}/events", headers=SSE) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        log = events(answer.iter_lines())
        assert [next(log)[0] for _ in range(run.last_seq)] == list(range(1, run.last_seq + 1))
        seq = hand.measure("evaluation", LotteryKey(level=1), step=[0.0], test_loss=[float("nan")])
        got, event = next(log)
        assert (got, event["seq"], event["kind"], event["series"]) == (seq, seq, "measured", "evaluation")


@pytest.mark.parametrize(
    ("headers", "after"), [({"Last-Event-ID": "1"}, ""), ({}, "?after=1"), ({"Last-Event-ID": "1"}, "?after=0")]
)
def test_a_stream_goes_on_where_it_broke(client: httpx.Client, hand: Hand, headers: dict[str, str], after: str) -> None:
    run = hand.run()
    with client.stream("GET", f"/api/v1/runs/{run.id}/events{after}", headers={**SSE, **headers}) as answer:
        assert next(events(answer.iter_lines()))[0] == 2


def test_a_long_log_is_replayed_whole(client: httpx.Client, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.core.run_log.EVENTS_AT_ONCE", 3)
    run = hand.run()
    for step in range(10):
        last = hand.measure("evaluation", LotteryKey(level=step), step=[0.0])
    with client.stream("GET", f"/api/v1/runs/{run.id}/events", headers=SSE) as answer:
        log = events(answer.iter_lines())
        assert [next(log)[0] for _ in range(last)] == list(range(1, last + 1))


def test_an_unknown_run_has_no_stream(client: httpx.Client) -> None:
    assert client.get("/api/v1/runs/0000000000/events", headers=SSE).status_code == 404


def test_a_quiet_stream_is_kept_open(client: httpx.Client, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.core.streams.HEARTBEAT_S", 0.1)
    run = hand.run(start=False)
    for path in ("/live", f"/api/v1/runs/{run.id}/events"):
        with client.stream("GET", path, headers=SSE) as answer:
            assert next(frame for frame in frames(answer.iter_lines()) if "" in frame)[""] == "still here"


def test_a_page_is_told_where_its_runs_stand_and_what_is_new(client: httpx.Client, hand: Hand) -> None:
    other, run = hand.run(start=False), hand.run()
    with client.stream("GET", "/live", params={"runs": run.id}) as answer:
        hints = (json.loads(frame["data"]) for frame in frames(answer.iter_lines()) if "data" in frame)
        first = next(hints)
        assert first == {
            "run": run.id,
            "seq": run.last_seq,
            "state": "queued" if hand.claim.run_id == other.id else "running",
            "progress": first["progress"],
            "touched": [],
        }
        assert set(first["progress"]) == {"done", "total", "eta_s", "note"}


def test_hints_follow_a_measurement_within_a_second_or_two(
    client: httpx.Client, hand: Hand, store: Store, wait_for: Wait
) -> None:
    run = hand.run()
    wait_for(lambda: not store.unmeasured(1))
    with client.stream("GET", "/live", params={"runs": f"{run.id},0000000000"}) as answer:
        hints = (json.loads(frame["data"]) for frame in frames(answer.iter_lines()) if "data" in frame)
        next(hints)
        seq = hand.outcome(0, 1.0, 0.9)
        began = time.monotonic()
        news = next(hints)
        # The web may have measured the run by then.
        assert (news["seq"], sorted({*news["touched"]} - {"measures"})) == (seq, ["outcome"])
        assert time.monotonic() - began < 2.5


def test_only_so_many_real_ids_are_followed_and_never_all_by_mistake(
    client: httpx.Client, hand: Hand, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.core.streams.HEARTBEAT_S", 0.3)
    run, real, asked = hand.run(), store.last_seqs, []

    def noted(ids: list[str] | None = None) -> dict[str, int]:
        asked.append(ids)
        return real(ids)

    monkeypatch.setattr(store, "last_seqs", noted)
    many = [f"{number:010}" for number in range(500)]
    for bad in ("a\x01bcdefghi", "ABCDEFGHIJ", "é" * 10, "0" * 11, "' OR 1=1 --"):
        with client.stream("GET", "/live", params={"runs": f"{bad},"}) as answer:
            first = next(frame for frame in frames(answer.iter_lines()) if "retry" not in frame)
            assert first == {"": "still here"}
        with client.stream("GET", "/live", params={"runs": ",".join([bad, run.id, run.id, *many])}) as answer:
            hints = (json.loads(frame["data"]) for frame in frames(answer.iter_lines()) if "data" in frame)
            assert next(hints)["run"] == run.id
    assert {tuple(ids) for ids in asked if ids is not None and len(ids) > 0} == {tuple(sorted([run.id, *many[:199]]))}
    assert None not in asked


def test_a_viewer_that_leaves_is_forgotten(web: Web, wait_for: Wait) -> None:
    with web.client.stream("GET", "/live") as answer:
        lines = answer.iter_lines()  # kept: a generator that nobody holds closes the stream
        next(lines)
        assert web.app.state.broadcaster.viewers == 1
    wait_for(lambda: web.app.state.broadcaster.viewers == 0)


def test_streams_end_when_the_server_does(web: Web, hand: Hand) -> None:
    run = hand.run()
    for path in ("/live", f"/api/v1/runs/{run.id}/events"):
        with web.client.stream("GET", path, headers=SSE) as answer:
            lines = answer.iter_lines()
            next(lines)
            web.app.state.broadcaster.close()
            began = time.monotonic()
            assert list(lines) is not None  # read to the end, which comes
            assert time.monotonic() - began < 2
