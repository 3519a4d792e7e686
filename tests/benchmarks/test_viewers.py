"""What the benchmark of viewers makes of what they have read."""

from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import viewers
from benchmarks.viewers_client import Seen, Viewer


def seen(seqs: list[int], times: list[float], *, still_open: bool = True) -> Seen:
    return Seen(array("q", seqs), array("d", times), still_open)


def test_a_viewer_waits_until_it_reads_of_a_row_or_of_a_later_one() -> None:
    read = seen([3, 5, 4, 7], [10.0, 11.0, 11.5, 12.0])
    waits = viewers.waits(read, [(4, 10.5), (5, 10.75), (6, 11.0), (7, 11.75)])
    assert waits == [0.5, 0.25, 1.0, 0.25]
    assert viewers.p99([1.0] * 99 + [3.0]) < 3.0


def test_a_stream_is_read_in_whatever_pieces_it_comes() -> None:
    viewer = Viewer("/live")
    head = b"HTTP/1.1 200 OK\r\n\r\nretry: 1\n\n"
    answer = head + b'data: {"run":"a","seq":12,"state":"running"}\n\ndata: {"seq":345}\nid: 345\n\n'
    for byte in (answer[i : i + 1] for i in range(len(answer))):
        viewer.data_received(byte)
    assert viewer.seqs.tolist() == [12, 345]
    assert not viewer.open  # one byte of a status line is no answer
    whole = Viewer("/live")
    whole.data_received(answer)
    assert (whole.seqs.tolist(), whole.open) == ([12, 345], True)
    whole.connection_lost(None)
    assert not whole.open


@pytest.mark.parametrize(
    ("place", "read", "words"),
    [
        (0, seen([1, 2, 3], [0.0] * 3, still_open=False), "viewer 0 was dropped"),
        (0, seen([1, 2], [0.0] * 2), "viewer 0 has seen 2 of 3"),
        (1, seen([1, 3], [0.0] * 2), "viewer 1 has not seen every event"),
        (1, seen([1, 2, 2, 3], [0.0] * 4), "viewer 1 has not seen every event"),
    ],
)
def test_a_viewer_that_lost_something_is_found(
    monkeypatch: pytest.MonkeyPatch, place: int, read: Seen, words: str
) -> None:
    monkeypatch.setattr(viewers, "RUNS", 1)
    every: list[Any] = [seen([1, 3], [0.0] * 2), seen([1, 2, 3], [0.0] * 3)]
    viewers._check(every, [3])
    every[place] = read
    with pytest.raises(RuntimeError, match=words):
        viewers._check(every, [3])


def test_the_worse_of_pages_and_scripts_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(pages=[0.1] * 100, scripts=[0.3] * 100, peak_bytes=2e8)
    monkeypatch.setattr(viewers, "watched", lambda: found)
    assert viewers.measure() == pytest.approx(0.3)
