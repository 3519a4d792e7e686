"""The commands of an administrator for workers: `pause`, `drain` and `resume`."""

from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.markup import escape

from app.cli_end import in_one_line, stop
from app.cli_settings import settings
from app.records.workers import Mode
from app.store.errors import NotFound

console = Console(highlight=False, soft_wrap=True)

Id: TypeAlias = Annotated[str, typer.Argument(metavar="WORKER", help="Id of a worker, as the page Workers shows it.")]


def pause(worker: Id) -> None:
    """Have a worker take no new replicates; it goes on with those that it has."""
    _steer(worker, "paused", "takes no new replicates and goes on with those that it has")


def drain(worker: Id) -> None:
    """Have a worker hand over what it has at the next checkpoints, and take no more."""
    _steer(worker, "draining", "hands over what it has at the next checkpoints, and takes no more")


def resume(worker: Id) -> None:
    """Have a worker that was paused or drained take work again."""
    _steer(worker, "working", "takes work again")


def register(app: typer.Typer) -> None:
    """Add the commands to those of `ticketscope`."""
    app.command("pause")(pause)
    app.command("drain")(drain)
    app.command("resume-worker")(resume)


def _steer(worker: str, mode: Mode, words: str) -> None:
    from app.up import opened

    with in_one_line():
        store = opened(settings())
        store.wait_for_revision(0)
        try:
            store.steer_worker(worker, mode)
        except NotFound as error:
            known = ", ".join(item.id for item in store.workers() if item.alive) or "none"
            stop(f"{error}; those that run: {known}")
        busy = next((len(item.busy) for item in store.workers() if item.id == worker), 0)
    rest = "" if mode == "working" else f" It works on {busy} now." if busy else " It is empty."
    console.print(f"Worker {escape(worker)} {words}.{rest}")
