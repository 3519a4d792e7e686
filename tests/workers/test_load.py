"""Loads are those of the process and its children, against what is known of them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from workers.load import Meter

BUSY = """
import sys, time
block = bytearray(200_000_000)
print("ready", flush=True)
end = time.process_time() + 60
while time.process_time() < end:
    pass
"""


def test_a_child_that_works_is_counted_and_one_that_ended_is_not(tmp_path: Path) -> None:
    meter = Meter([tmp_path])
    before = meter.read()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        meter.read()
        known = psutil.Process(child.pid)
        began, spent = time.monotonic(), sum(known.cpu_times()[:2])
        time.sleep(1.0)
        busy = meter.read()
        cores = (sum(known.cpu_times()[:2]) - spent) / (time.monotonic() - began)
        child.kill()
    after = meter.read()
    # This process sleeps: what is busy is the child, as much as the machine lets it.
    assert abs(busy.cpu_cores - cores) < 0.2
    assert busy.memory_bytes - before.memory_bytes > 200_000_000
    assert after.memory_bytes < busy.memory_bytes - 190_000_000


def test_the_machine_is_told_as_it_is(tmp_path: Path) -> None:
    load = Meter([tmp_path]).read()
    assert load.machine_memory_total_bytes == psutil.virtual_memory().total
    assert 0 < load.machine_memory_bytes < load.machine_memory_total_bytes
    assert load.machine_cores == os.cpu_count()
    assert 0 <= load.machine_cpu_share <= 1
    assert load.disk_free_bytes > 0
    assert (load.gpu_share, load.gpu_memory_bytes, load.gpu_memory_total_bytes) == (None, None, None)
