"""The same matter is said once a minute, however often it comes."""

import logging

import pytest

from app.logs import Repeats


@pytest.fixture
def lines() -> list[str]:
    """What a logger with the filter writes."""
    return []


def logger(lines: list[str], every_s: float) -> logging.Logger:
    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    made = logging.Logger("a test")
    handler = Lines()
    handler.addFilter(Repeats(every_s))
    made.addHandler(handler)
    return made


def test_what_is_said_again_is_counted(lines: list[str]) -> None:
    log = logger(lines, every_s=3600.0)
    for i in range(10_000):
        log.error("%s failed", f"/runs/{i}")
        log.error("another matter")
    assert lines == ["/runs/0 failed", "another matter"]


def test_later_it_is_said_with_how_many_there_were(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    log = logger(lines, every_s=60.0)
    now = [1000.0]
    monkeypatch.setattr("app.logs.time.monotonic", lambda: now[0])
    for step in (0.0, 1.0, 1.0, 60.0):
        now[0] += step
        log.error("%d failed", 7)
    assert lines == ["7 failed", "7 failed (and 2 more like it before)"]
