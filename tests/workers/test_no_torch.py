"""The Celery parent never has torch: its children do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import Lab, small_spec


def test_importing_the_task_imports_no_torch() -> None:
    code = "import sys, workers.tasks; print({'torch', 'workers.science', 'workers.child'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's list of a process's libraries")
def test_a_worker_that_has_trained_has_no_torch(lab: Lab) -> None:
    lab.start_broker()
    worker = lab.start_worker()
    lab.ends([lab.submit(small_spec())])
    assert "libtorch" not in Path(f"/proc/{worker.pid}/maps").read_text()
