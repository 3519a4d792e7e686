"""An idle worker times the steps of every model, and gives way to work."""

from collections.abc import Iterator
from threading import Event

import psutil
import pytest

from app.settings import Settings
from app.store import Store
from tests.lab import alive, until
from workers import calibration


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Whether the worker is idle, as it is at first; at the end it is not, so that no child outlives the test."""
    monkeypatch.setattr(calibration, "IDLE_S", 0.0)
    before = {child.pid for child in children()}
    idle = Event()
    idle.set()
    yield idle
    idle.clear()
    until(lambda: {child.pid for child in children() if alive(child)} <= before)


def test_what_is_known_is_kept_and_the_rest_is_timed(settings: Settings, store: Store, idle: Event) -> None:
    """All but three are known; that every one can be timed is tested where it is done."""
    rest = {("lenet_300_100", "digits"), ("conv_6", "cifar10"), ("mlp", "any")}
    known = calibration.missing(store, "cpu") - rest
    for model, dataset in known:
        store.record_speed(model, dataset, 128, "cpu", 42.0)
    calibration.start(settings, store, "cpu", idle.is_set)
    until(lambda: not calibration.missing(store, "cpu"), 150)
    speeds = {(speed.model, speed.dataset): speed.step_s for speed in store.speeds()}
    assert {pair for pair, step_s in speeds.items() if step_s == 42.0} == known
    assert speeds.keys() == known | rest
    assert 0 < speeds["lenet_300_100", "digits"] < speeds["conv_6", "cifar10"] < 42.0
    assert ("conv_2", "mnist") in calibration.missing(store, "cuda:0")


def test_work_that_comes_ends_it(settings: Settings, store: Store, idle: Event) -> None:
    before = {child.pid for child in children()}
    calibration.start(settings, store, "cpu", idle.is_set)
    until(lambda: any(child.pid not in before for child in children()))
    timing = [child for child in children() if child.pid not in before]
    idle.clear()
    until(lambda: not any(map(alive, timing)), 2)
    assert store.speeds() == []


def children() -> list[psutil.Process]:
    return [child for server in psutil.Process().children() for child in server.children()]
