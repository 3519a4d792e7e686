"""Answers that this machine measures once and keeps in a file for later trainings."""

import fcntl
import hashlib
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workers import machine


class Memory:
    """Answers below a directory that may be shared by machines: each has its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "machines"

    def get_or_measure(self, question: dict[str, Any], find_out: Callable[[], Any]) -> Any:
        """Return the answer (JSON) to a question (JSON), measured only once by all processes of this machine.

        Another processor, or other versions of what computes, have answers of their own. An answer that cannot be kept,
        on a disk that is full or not writable, is measured each time.
        """
        machine_now = [platform.node(), machine.device_name("cpu"), machine.versions(), machine.ARITHMETIC]
        key = json.dumps([machine_now, question], sort_keys=True)
        path = self._directory / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with path.open("a+") as file:
                # Whoever comes meanwhile waits for the answer instead of disturbing the measurement with its own.
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                if known := _answer(file.read(), key):
                    return known[0]
                answer = find_out()
                file.truncate(0)
                file.write(json.dumps({"asked": json.loads(key), "answer": answer}))
                return answer
        except OSError:
            return find_out()


def _answer(text: str, key: str) -> list[Any]:
    """Return the answer in the text of a file, as a list of one.

    It is empty for a file that is new, torn or of another question.
    """
    try:
        kept = json.loads(text)
        return [kept["answer"]] if kept["asked"] == json.loads(key) else []
    except (ValueError, KeyError, TypeError):
        return []
