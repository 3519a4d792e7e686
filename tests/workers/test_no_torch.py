"""The Celery parent never has torch: its children do."""

import subprocess
import sys


def test_importing_the_task_imports_no_torch() -> None:
    code = "import sys, workers.tasks; print({'torch', 'workers.science', 'workers.child'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"
