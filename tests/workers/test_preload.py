"""What every worker waits for when it starts is what its trainings need, and nothing besides."""

import subprocess
import sys

# Each takes about a second of CPU to import, before the first run can start.
HEAVY = ("torch._dynamo", "torch._inductor", "scipy.stats", "sympy")
CODE = """
import sys, torch, workers.preload
print(torch.are_deterministic_algorithms_enabled(), torch.get_deterministic_debug_mode())
print(*sys.modules)
"""


def test_the_fork_server_loads_no_compiler_and_is_deterministic() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120)
    flags, _, modules = done.stdout.partition("\n")
    assert flags == "True 2"
    assert {"torch", "workers.science.experiments.lottery"} <= set(modules.split())
    assert set(HEAVY) & set(modules.split()) == set()
