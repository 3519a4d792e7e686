"""The benchmark runner: one line each, an exit status that tells, and a way to pick one."""

from dataclasses import dataclass
from math import nan

import pytest
import torch

from benchmarks import dense_step, run


@dataclass
class Fixed:
    """A benchmark that measures a known value."""

    NAME: str
    BOUND: float
    value: float

    def measure(self) -> float:
        return self.value


@pytest.fixture(autouse=True)
def _three(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [Fixed("fast", 1.25, 1.0), Fixed("even", 2.0, 2.0), Fixed("slow", 1.25, 1.26)]
    monkeypatch.setattr(run, "all_benchmarks", lambda: every)
    monkeypatch.delenv("ONLY", raising=False)


def test_a_line_each_and_one_that_falls_short_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main([]) == 1
    assert capsys.readouterr().out.splitlines() == ["fast  1  1.25  ok", "even  2  2  ok", "slow  1.26  1.25  short"]


def test_one_is_picked_by_argument_or_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.main(["fast"]) == 0
    monkeypatch.setenv("ONLY", "slow")
    assert run.main([]) == 1
    assert capsys.readouterr().out.splitlines() == ["fast  1  1.25  ok", "slow  1.26  1.25  short"]


def test_a_name_that_no_benchmark_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["fats"]) == 2
    assert "fast, even, slow" in capsys.readouterr().err


def test_a_measurement_that_is_not_a_number_falls_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert not run.report([Fixed("broken", 1.0, nan)])
    assert capsys.readouterr().out == "broken  nan  1  short\n"


def test_one_that_needs_a_gpu_is_named_where_there_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    fast, needy = Fixed("fast", 1.25, 1.0), Fixed("needy", 1.0, 0.5)
    needy.NEEDS_GPU = True  # type: ignore[attr-defined]
    assert run.report([needy, fast])
    told = capsys.readouterr()
    assert told.out == "fast  1  1.25  ok\n"
    assert told.err == "needy was not run: there is no GPU here\n"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert run.report([needy])
    assert capsys.readouterr().out == "needy  0.5  1  ok\n"


def test_benchmarks_are_found_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert dense_step in run.all_benchmarks()
    assert all(benchmark.NAME and benchmark.BOUND > 0 for benchmark in run.all_benchmarks())
    assert len({benchmark.NAME for benchmark in run.all_benchmarks()}) == len(run.all_benchmarks())
