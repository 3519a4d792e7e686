"""Several processes that run a script at once, forked from one that has imported the store.

Reads {"script", "n", "names"} from its input; prints what each process printed. A process that raises fails all.
"""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]


def crowd(script: str, n: int, **names: str) -> list[str]:
    """What each of `n` processes prints that run `script` with these names and its number `i`."""
    given = json.dumps({"script": script, "n": n, "names": names})
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.store.crowd"],
        input=given, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, timeout=60, check=True,
    )  # fmt: skip
    printed: list[str] = json.loads(done.stdout)
    assert len(printed) == n
    return printed


def _run(script: str, names: Mapping[str, Any]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(script, dict(names))
    return printed.getvalue()


if __name__ == "__main__":
    import app.contract.events
    import app.kinds.lottery.spec
    import app.store
    import app.store.migrate  # noqa: F401

    given = json.load(sys.stdin)
    jobs = [(given["script"], given["names"] | {"i": i}) for i in range(given["n"])]
    with get_context("fork").Pool(given["n"], maxtasksperchild=1) as pool:
        json.dump(pool.starmap(_run, jobs, chunksize=1), sys.stdout)
