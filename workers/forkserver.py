"""The process that children are forked from: it has torch imported, which the Celery parent never has."""

import importlib
import multiprocessing
import multiprocessing.forkserver
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

LOST = 255
"""Exit code of a child whose fork server died first."""

_ATTEMPTS = 3

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["workers.preload"])
# Starting a process also looks after all others, and two threads must not read the same exit code.
_lock = threading.Lock()


def warm() -> None:
    """Start the fork server, so that its imports are done when the first shard comes; returns at once."""
    multiprocessing.forkserver.ensure_running()


def spawn(target: str, *args: Any) -> tuple[ForkServerProcess, "Connection[Any, Any]"]:
    """Start a child that runs `target` ("module:function") on (connection, *args).

    Return it and our end of that connection.
    The function returns the exit code. It must take the end of the connection as its own: the connection ends when this
    process dies. A fork server that was killed is started again; raises `OSError` or `EOFError` when that fails.
    """
    for left in reversed(range(_ATTEMPTS)):
        ours, theirs = _context.Pipe()
        child = _context.Process(target=_enter, args=(target, theirs, *args))
        try:
            with _lock:
                child.start()
        except (OSError, EOFError):
            ours.close()
            if not left:
                raise
        else:
            return child, ours
        finally:
            theirs.close()
    raise AssertionError("the last attempt returns or raises")


def end(child: ForkServerProcess) -> int:
    """Return the exit code of `child`, which is killed if it still runs."""
    with _lock:
        if child.is_alive():
            child.kill()
        child.join()
        code = child.exitcode
        child.close()
    return LOST if code is None else code


def _enter(target: str, *args: Any) -> None:
    # By name: importing the child here would bring torch into the parent.
    module, _, function = target.partition(":")
    raise SystemExit(getattr(importlib.import_module(module), function)(*args))
