"""Commands, each in a process of its own that is forked from one which has imported the command line.

A line of JSON {"argv", "env", "seconds"} on the input is a command to run: `app.cli.main` as a user's shell calls it,
with these arguments, this environment, and output of its own. Printed is {"returncode", "stdout", "stderr"}.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from typing import IO, Any


def _become(argv: list[str], env: Mapping[str, str], seconds: int, out: IO[bytes], err: IO[bytes]) -> None:
    """Run the command in this process and end it."""
    from app.cli import main

    signal.alarm(seconds)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["ticketscope", *argv]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 (as the interpreter does)
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _run(argv: list[str], env: Mapping[str, str], seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(argv, env, seconds, out, err)
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return {"returncode": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


if __name__ == "__main__":
    import app.cli
    import app.store.migrate
    import app.up  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(_run(**json.loads(line))), flush=True)  # noqa: T201
