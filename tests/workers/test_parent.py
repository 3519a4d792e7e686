"""What a child passes on to its supervisor: news at once, more of the same a few times a second."""

import threading
import time
from multiprocessing.connection import Connection
from typing import Any, cast

import pytest

from app.contract.events import Place, Progress
from workers.parent import EVERY_S, Parent


class Line:
    """A connection whose other end keeps silent."""

    def __init__(self) -> None:
        self.sent: list[Progress] = []

    def send(self, progress: Progress) -> None:
        self.sent.append(progress)

    def recv(self) -> None:
        threading.Event().wait()


def test_more_of_the_same_is_said_now_and_then_and_another_place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    line = Line()
    child = Parent(cast("Connection[Any, Any]", line))
    deeper = Place(level=1)
    child.hear(Progress(done=0, total=9))
    child.hear(Progress(done=1, total=9))  # not passed on
    child.hear(Progress(done=2, total=9, place=deeper))
    child.hear(Progress(done=3, total=9, place=deeper, note="timing"))
    now += 0.9 * EVERY_S
    child.hear(Progress(done=4, total=9, place=deeper, note="timing"))  # not passed on
    now += 0.2 * EVERY_S
    child.hear(Progress(done=5, total=9, place=deeper, note="timing"))
    assert [progress.done for progress in line.sent] == [0, 2, 3, 5]
