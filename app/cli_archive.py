"""The commands that move runs between installations: `export` and `import-archive`."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from app.cli_end import stop
from app.cli_server import ask, download

_TIMEOUT = httpx.Timeout(10, write=60, read=900)
console = Console(highlight=False, soft_wrap=True)


def export(
    what: Annotated[str, typer.Argument(metavar="QUERY|ID", help="Id of a run or sweep, or a query as on the board.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    sweep: Annotated[bool, typer.Option("--sweep", help="The id is that of a sweep: export it with its runs.")] = False,
    url: Annotated[str, typer.Option(help="Address of the server; default: the one on this machine.")] = "",
) -> None:
    """Export a run, a sweep, or all runs that a query finds, as one file that another installation imports."""
    if output.exists():
        stop(f"{output} exists already; give another name with -o")
    if sweep:
        n = download(url, f"/sweeps/{quote(what, safe='')}/archive", {}, output)
    else:
        runs = ask(url, "GET", "/runs", params={"q": what, "limit": 200})["items"]
        ids = [run["id"] for run in runs if run["id"] == what]
        n = download(url, "/archive", {"runs": ids[0]} if ids else {"q": what}, output)
    console.print(f"{escape(str(output))}  {n:,} bytes")


def import_archive(
    file: Annotated[Path, typer.Argument(help="An archive that Ticketscope has written.")],
    new_ids: Annotated[bool, typer.Option("--new-ids", help="Give all runs and sweeps new ids.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and store nothing.")] = False,
    url: Annotated[str, typer.Option(help="Address of the server; default: the one on this machine.")] = "",
) -> None:
    """Import the runs and sweeps of an archive: all of them or, where one is refused, none."""
    params = {"new_ids": new_ids, "dry_run": dry_run}
    try:
        with file.open("rb") as opened:
            answer: dict[str, Any] = ask(
                url, "POST", "/archives", params=params, files={"file": opened}, timeout=_TIMEOUT
            )
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}")
    for run in answer["items"]:
        what = {"new": "new", "equal": "here already", "different": f"here with another {run['differs']}"}[run["fate"]]
        console.print(f"[bold]{run['imported_as']}[/bold]  {escape(run['name'])}  {what}")
    console.print(escape(answer["message"]))
