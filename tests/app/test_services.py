"""Real processes, kept running and ended."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.lab import alive, until

HOUSE = """
import sys
from app.services import Service, Services
child = [sys.executable, "-c", sys.argv[1]]
Services([Service("child", child), Service("other", child)], lambda text: print(text, flush=True)).run()
"""
# A service with a child of its own, which does not listen to anybody.
STUBBORN = "import subprocess, sys, time; subprocess.Popen(['sleep', '1000']); time.sleep(1000)"


def start(child: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", HOUSE, child], stdout=subprocess.PIPE, text=True)


def descendants(process: subprocess.Popen[str], n: int) -> list[psutil.Process]:
    until(lambda: len(psutil.Process(process.pid).children(recursive=True)) == n)
    return psutil.Process(process.pid).children(recursive=True)


def test_sigterm_ends_all_with_their_children() -> None:
    house = start(STUBBORN)
    processes = descendants(house, 4)
    house.terminate()
    assert house.wait(5) == 0
    until(lambda: not any(map(alive, processes)), 2)
    assert house.communicate()[0] == ""


def test_ctrl_c_in_the_terminal_ends_all() -> None:
    house = start("import time; time.sleep(1000)")
    processes = descendants(house, 2)
    house.send_signal(signal.SIGINT)
    assert house.wait(5) == 0
    assert not any(map(alive, processes))
    house.communicate()


def test_a_killed_parent_leaves_no_service() -> None:
    house = start("import time; time.sleep(1000)")
    processes = descendants(house, 2)
    house.kill()
    house.communicate()
    until(lambda: not any(map(alive, processes)), 2)


def test_what_dies_is_started_again_and_said(tmp_path: Path) -> None:
    house = start("import time; time.sleep(1000)")
    first = descendants(house, 2)[0]
    first.kill()
    assert house.stdout is not None
    assert house.stdout.readline() == "child was ended by SIGKILL; starting it again in 0.5 s\n"
    began = time.monotonic()
    descendants(house, 2)
    assert time.monotonic() - began < 2
    house.terminate()
    house.communicate()


def test_the_pause_before_a_restart_grows() -> None:
    house = start("raise SystemExit(3)")
    assert house.stdout is not None
    said = [house.stdout.readline() for _ in range(4)]
    house.terminate()
    house.communicate()
    assert [line for line in said if line.startswith("child")] == [
        f"child exited with code 3; starting it again in {pause} s\n" for pause in ("0.5", "1")
    ]


def test_one_that_does_not_listen_is_killed() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"
    house = start(deaf)
    processes = descendants(house, 2)
    time.sleep(0.5)
    house.terminate()
    assert house.wait(10) == 0
    assert not any(map(alive, processes))
    house.communicate()
