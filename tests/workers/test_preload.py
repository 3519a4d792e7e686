"""What every worker waits for when it starts is what its trainings need, and nothing besides."""

import subprocess
import sys

# Each takes about a second of CPU to import, before the first run can start or in each of its children.
HEAVY = ("torch._dynamo", "torch._inductor", "scipy.stats", "sympy")
# What only a download needs.
FETCHING = ("pooch", "requests")
CODE = """
import gc, sys, workers.preload, torch
print(gc.isenabled(), gc.get_stats()[2]["collections"])
print(torch.are_deterministic_algorithms_enabled(), torch.get_deterministic_debug_mode())
print(*sys.modules)
"""
TRAIN = """
import sys
from importlib import import_module
from pathlib import Path
import workers.preload
from app.kinds.presets import PRESETS
from app.kinds.specs import EXPERIMENTS

small = {
    "digits-tickets": {"steps": 4, "eval_every": 2, "levels": 1, "replicates": 1, "branches": [{"kind": "reinit"}]},
    "erasure-digits": {"widths": [16], "steps": 2, "replicates": 1, "optimizers": [{"kind": "adam", "lrs": [0.01]}]},
}
for preset, fields in small.items():
    spec = PRESETS[preset].spec
    spec = type(spec).model_validate({**spec.model_dump(), **fields})
    module, _, name = EXPERIMENTS[spec.kind].target.partition(":")
    print(spec.kind, len(list(getattr(import_module(module), name)(spec, 0, datasets_dir=Path()))), file=sys.stderr)
print(*sys.modules)
"""


def loaded(code: str) -> tuple[str, set[str]]:
    """What a process prints before the modules that it has loaded, and these."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    *said, modules = done.stdout.splitlines()
    return "\n".join(said), set(modules.split())


def test_the_fork_server_loads_no_compiler_and_is_deterministic() -> None:
    flags, modules = loaded(CODE)
    # One collection, at the end: each looks through all that torch has made.
    assert flags == "True 1\nTrue 2"
    assert {"torch", "workers.science.experiments.lottery"} <= modules
    assert set(HEAVY) & modules == set()


def test_a_training_loads_no_compiler_and_nothing_to_download_with() -> None:
    """It would do so in each child: what the fork server has not, every one of them imports anew."""
    _, modules = loaded(TRAIN)
    assert {"workers.science.optim.adam", "workers.science.train.loop", "workers.science.data.digits"} <= modules
    assert {*HEAVY, *FETCHING} & modules == set()
