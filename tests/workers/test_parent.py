"""What a child passes on to its supervisor: news at once, more of the same a few times a second."""

import threading
import time
from multiprocessing.connection import Connection
from typing import Any, cast

import pytest

from app.contract.events import Progress
from app.kinds.lottery.spec import LotteryKey
from workers.parent import EVERY_S, Parent


class Line:
    """A connection whose other end keeps silent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Progress]] = []

    def send(self, progress: tuple[int, Progress]) -> None:
        self.sent.append(progress)

    def recv(self) -> None:
        threading.Event().wait()


def test_more_of_the_same_is_said_now_and_then_and_another_place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    line = Line()
    child = Parent(cast("Connection[Any, Any]", line))
    deeper = LotteryKey(level=1)
    child.hear(7, Progress(done=0, total=9))
    child.hear(7, Progress(done=1, total=9))  # not passed on
    child.hear(7, Progress(done=2, total=9, key=deeper))
    child.hear(7, Progress(done=3, total=9, key=deeper, note="timing"))
    now += 0.9 * EVERY_S
    child.hear(7, Progress(done=4, total=9, key=deeper, note="timing"))  # not passed on
    now += 0.2 * EVERY_S
    child.hear(7, Progress(done=5, total=9, key=deeper, note="timing"))
    child.hear(8, Progress(done=0, total=9))  # another replicate of the stack
    assert [(shard, progress.done) for shard, progress in line.sent] == [(7, 0), (7, 2), (7, 3), (7, 5), (8, 0)]
