"""Found out once by all processes of a machine, again when it changed, and without a place to keep it each time."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from workers import machine
from workers.memory import Memory


def test_asked_twice_found_out_once(tmp_path: Path) -> None:
    assert Memory(tmp_path).get_or_measure({"a": 1}, lambda: {"is": 0.5}) == {"is": 0.5}
    assert Memory(tmp_path).get_or_measure({"a": 1}, lambda: "another") == {"is": 0.5}
    assert Memory(tmp_path).get_or_measure({"a": 2}, lambda: "another") == "another"


def test_all_at_once_wait_for_one_answer(tmp_path: Path) -> None:
    found: list[int] = []

    def find_out() -> int:
        found.append(len(found))
        sleep(0.1)
        return found[-1]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: Memory(tmp_path).get_or_measure({}, find_out), range(4)))
    assert answers == [0, 0, 0, 0]
    assert found == [0]


def test_another_version_is_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Memory(tmp_path).get_or_measure({}, lambda: 1)
    monkeypatch.setattr(machine, "versions", lambda: {"torch": "0.0"})
    assert Memory(tmp_path).get_or_measure({}, lambda: 2) == 2
    monkeypatch.setattr(machine, "ARITHMETIC", 0)
    assert Memory(tmp_path).get_or_measure({}, lambda: 3) == 3


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"asked": 1, "answer": 9}', "null"])
def test_a_torn_file_is_asked_anew(torn: str, tmp_path: Path) -> None:
    Memory(tmp_path).get_or_measure({}, lambda: 1)
    (file,) = (tmp_path / "machines").iterdir()
    file.write_text(torn)
    assert Memory(tmp_path).get_or_measure({}, lambda: 2) == 2
    assert json.loads(file.read_text())["answer"] == 2


def test_with_nowhere_to_keep_it_the_answer_still_comes(tmp_path: Path) -> None:
    (tmp_path / "machines").write_text("a file where the folder should be")
    assert Memory(tmp_path).get_or_measure({}, lambda: 3) == 3


def test_an_error_while_finding_out_is_the_callers(tmp_path: Path) -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Memory(tmp_path).get_or_measure({}, fail)
    assert Memory(tmp_path).get_or_measure({}, lambda: 4) == 4
