"""Run every benchmark, or the one named, and print a line for each: name, measured, bound, ok or short.

`python -m benchmarks.run [NAME]`, or the environment variable ONLY; exit status 1 if one falls short, 2 for a name that
no benchmark has.
"""

import os
import pkgutil
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Protocol, cast

import torch

import benchmarks


class Benchmark(Protocol):
    """What a module in this folder offers; `measure` is in the unit of `BOUND`, and less is better.

    One with `NEEDS_GPU = True` is left out where there is none, and that is printed.
    """

    NAME: str
    BOUND: float

    def measure(self) -> float:
        """Run it once."""
        ...


def all_benchmarks() -> list[Benchmark]:
    """Return every benchmark of this folder, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    modules = (import_module(f"benchmarks.{name}") for name in names if name != "run")
    return [cast(Benchmark, module) for module in modules if hasattr(module, "measure")]


def report(chosen: Iterable[Benchmark]) -> bool:
    """Measure and print each of `chosen`; True if all keep their bound. A measurement of NaN keeps none."""
    all_ok = True
    for benchmark in chosen:
        if getattr(benchmark, "NEEDS_GPU", False) and not torch.cuda.is_available():
            print(f"{benchmark.NAME} was not run: there is no GPU here", file=sys.stderr)
            continue
        measured = benchmark.measure()
        ok = measured <= benchmark.BOUND
        all_ok &= ok
        print(f"{benchmark.NAME}  {measured:.3g}  {benchmark.BOUND:g}  {'ok' if ok else 'short'}", flush=True)
    return all_ok


def main(arguments: Sequence[str]) -> int:
    """Return the exit status for the command line `arguments`."""
    only = arguments[0] if arguments else os.environ.get("ONLY", "")
    every = all_benchmarks()
    chosen = [benchmark for benchmark in every if only in ("", benchmark.NAME)]
    if not chosen:
        print(f"no benchmark is named {only}; there are: {', '.join(b.NAME for b in every)}", file=sys.stderr)
        return 2
    return 0 if report(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
