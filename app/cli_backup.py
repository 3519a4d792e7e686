"""The commands that keep a store: `backup`, `restore` and `migrate`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.cli_end import in_one_line, stop
from app.cli_settings import settings

console = Console(highlight=False, soft_wrap=True)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder for backups; it may hold earlier ones.")],
) -> None:
    """Write database and artifacts into a folder, while everything runs.

    Artifacts that an earlier backup has put there are not copied again. A backup is as secret as the store: it holds
    hashes of passwords, sessions and tokens.

    Exit code 0: all is there; 1: no backup was made, or bytes of an artifact were lost before.
    """
    from app.backups.write import backup
    from app.up import opened

    with in_one_line(), _advancing() as advance:
        store = opened(settings())
        store.wait_for_revision(0)
        place, manifest = backup(store, folder, advance)
        store.close()
    n = sum(table.rows for table in manifest.tables)
    console.print(f"[bold]{escape(str(place))}[/bold]  {n:,} rows, {manifest.artifacts.rows:,} artifacts, "
                  f"{manifest.artifact_bytes:,} bytes of them")  # fmt: skip
    if manifest.lost:
        stop(
            f"the backup is whole but for {len(manifest.lost):,} artifacts whose bytes the store has lost: "
            f"{', '.join(manifest.lost[:5])}{' ...' if len(manifest.lost) > 5 else ''}"
        )


def restore(
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="A backup, or a folder of them: the newest one.")],
    replace: Annotated[bool, typer.Option("--replace", help="Restore in the place of what is stored there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace without asking for confirmation.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Read and compare every byte, and restore nothing.")] = False,
) -> None:
    """Bring a backup into the database and the artifacts that the settings name: all of it, or nothing.

    Webs and workers must be stopped. Any kind of database takes the backup of any other.
    """
    from app.backups.read import Backup
    from app.backups.restore import restore, said, target
    from app.up import opened

    with in_one_line():
        source = Backup(folder)
        with _advancing() as advance:
            source.check(advance)
        about = f"{source.place.name}, by {source.manifest.program}, at revision {source.manifest.revision}"
        if check:
            console.print(f"{escape(about)}: every byte is as it was written")
            return
        chosen = opened(settings())
        there = target(chosen.database, chosen.artifacts_store)
        if replace and not there.empty:
            console.print(f"This would go: {said(there)} in {escape(chosen.database.name)}")
            if not yes:
                typer.confirm("Replace all of it?", abort=True)
        with _advancing() as advance:
            restore(source, chosen.database, chosen.artifacts_store, replace=replace, advance=advance)
        chosen.close()
    console.print(f"{escape(about)}: restored; `ticketscope doctor` looks at it")


def migrate(
    to: Annotated[
        str, typer.Option(metavar="REVISION", help="An earlier revision, to go back to the program of before.")
    ] = "",
) -> None:
    """Bring the database to this program's revision, or back to an earlier one while everything is stopped."""
    from app.up import opened

    with in_one_line():
        store = opened(settings())
        if to:
            store.migrate_back(to)
            console.print(f"the database is at revision {escape(to)}")
            return
        store.migrate()
    console.print("the database is up to date")


@contextmanager
def _advancing() -> Iterator["_Advance"]:
    """Show what is done and how long the rest takes, on a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Advance(progress)


class _Advance:
    """One bar for each matter."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done)
