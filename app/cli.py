"""The command line: `ticketscope up | web | worker | migrate | submit | again | verify | import | presets | ...`."""

import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version as package_version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app import cli_workers, logs
from app.cli_accounts import accounts
from app.cli_archive import export, import_archive
from app.cli_backup import backup, migrate, restore
from app.cli_doctor import doctor
from app.cli_end import in_one_line, stop
from app.cli_import import names_of, show
from app.cli_server import ask, in_utf8, show_run, spec_of, text_of
from app.cli_settings import log_format, settings
from app.contract.verification import Verification
from app.contract.words import plural
from app.imports.limits import MAX_BYTES, MAX_FILES
from app.kinds.presets import PRESETS
from app.records import Queue as QueueName

app = typer.Typer(
    help="A dashboard for lottery tickets and weight movement, shared by a lab.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

_REVISION_TIMEOUT_S = 60.0
# The server looks at every weight before it answers.
_IMPORT_TIMEOUT = httpx.Timeout(10, write=60, read=900)


def main() -> None:
    """Run the `ticketscope` command: its entry point."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name may hold what the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    logs.set_up(log_format())
    app()


@app.command()
def up() -> None:
    """Start everything on this machine: broker, workers and web. Ctrl-C stops all of it."""
    from app.up import up

    with in_one_line():
        up(settings(), console.print)


@app.command()
def web(
    fd: Annotated[int | None, typer.Option(hidden=True, help="A listening socket.")] = None,
) -> None:
    """Serve the web alone; workers and a broker run elsewhere."""
    from app.address import check_guarded, listen
    from app.garbage import freeze, postpone
    from app.store.database import WRITE_PATIENCE_S
    from app.up import opened

    postpone()
    chosen = settings()
    with in_one_line():
        listener = listen(chosen) if fd is None else socket.socket(fileno=fd)
        store = opened(chosen, WRITE_PATIENCE_S)
        store.wait_for_revision(_REVISION_TIMEOUT_S)
        check_guarded(chosen, accounts=store.accounts_on())
    # What takes a second to load comes after what may keep this machine from starting.
    import uvicorn

    from app.connections import HEAD_BYTES, at_once, bound, bounded
    from app.main import create_app
    from app.queue import Queue

    most = bound()
    config = uvicorn.Config(
        create_app(chosen, store, Queue(chosen.broker_url)),
        http=bounded(most),
        backlog=at_once(most),
        h11_max_incomplete_event_size=HEAD_BYTES,
        log_config=None,  # its output goes where all output goes
        access_log=False,
        # An open page holds a stream that never ends by itself.
        timeout_graceful_shutdown=2,
    )
    freeze()
    uvicorn.Server(config).run(sockets=[listener])


@app.command()
def worker(
    queue: Annotated[QueueName | None, typer.Option(help="Only the workers of this queue.")] = None,
) -> None:
    """Run the workers of this machine: one for its cores and one for each GPU."""
    from app.services import Services
    from app.up import opened, worker_services

    chosen = settings()
    if not chosen.broker_url:
        stop("TICKETSCOPE_BROKER_URL is not set: workers need the same broker as the web server")
    with in_one_line():
        store = opened(chosen)
        store.wait_for_revision(_REVISION_TIMEOUT_S)
        store.close()
    services = worker_services(chosen, {}, console.print, queue)
    if not services:
        stop("no worker can start here: torch is missing, the device does not exist, or TICKETSCOPE_WORKERS is 0")
    Services(services, console.print).run()


app.command()(migrate)
app.command()(backup)
app.command()(restore)
app.command()(doctor)


@app.command()
def submit(
    what: Annotated[str, typer.Argument(metavar="PRESET|FILE", help="A preset, or a JSON file with a spec.")],
    name: Annotated[str, typer.Option(help="Name of the run.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    url: Annotated[str, typer.Option(help="Address of the server; default: the one on this machine.")] = "",
) -> None:
    """Submit a run to the server."""
    body: dict[str, Any] = {"name": name, "tags": tag or []}
    if what in PRESETS:
        body["preset"] = what
    else:
        body["spec"] = spec_of(Path(what))
    run = ask(url, "POST", "/runs", json=body)
    show_run(console, run, url)


@app.command()
def again(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run.")],
    url: Annotated[str, typer.Option(help="Address of the server; default: the one on this machine.")] = "",
) -> None:
    """Rerun with exactly the same spec; the pages of both runs show whether the numbers are equal."""
    show_run(console, ask(url, "POST", f"/runs/{quote(in_utf8(run_id), safe='')}/again"), url)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def verify(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run that is stored on this machine.")],
    replicate: Annotated[int | None, typer.Option(help="Default: the first finished one.")] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", help="Continue although the numeric plan differs, and report how much the results differ."
        ),
    ] = False,
) -> None:
    """Train one network of a run again on this machine, and compare every bit with what is stored.

    By default it is the cheapest training that ended. Options named like the coordinates of its trainings choose
    another: of tickets --level, --control and --draw, of weight erasure --width, --image, --optimizer and --lr.

    Exit code 0: identical to the bit; 1: something differs or is damaged; 2: it could not be verified.
    """
    if importlib.util.find_spec("torch") is None:
        stop("torch is not installed, so nothing can be trained here: pip install 'ticketscope[worker]'", 2)
    settings()
    verification = Verification(run=in_utf8(run_id), replicate=replicate, key=_coordinates(context.args), anyway=anyway)
    # In a process of its own: this one never has torch.
    command = [sys.executable, "-m", "workers.verify", json.dumps(verification.model_dump())]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 (checked by the model)


def _coordinates(arguments: Sequence[str]) -> dict[str, str]:
    """Return options such as `--level 2` or `--level=2`, by name."""
    coordinates: dict[str, str] = {}
    rest = iter(arguments)
    for option in rest:
        name, equals, value = option.removeprefix("--").partition("=")
        if not option.startswith("--") or not (value or (not equals and (value := next(rest, "")))):
            stop(f"{option}: expected a coordinate of the training with its value, such as --level 2", 2)
        coordinates[name.replace("-", "_")] = in_utf8(value)
    return coordinates


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="safetensors files, in order of level.")],
    name: Annotated[str, typer.Option(help="Name of the run.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    notes: Annotated[str, typer.Option(help="Notes of the run.")] = "",
    places: Annotated[
        str, typer.Option(help=r"JSON: \[replicate, level] of each file; default: from their paths.")
    ] = "",
    one_means: Annotated[str, typer.Option(help="Meaning of 1 in masks: kept or pruned.")] = "",
    architecture_of: Annotated[
        str, typer.Option(metavar="RUN", help="Run of the server whose architecture the files have.")
    ] = "",
    architecture_layers: Annotated[
        str, typer.Option(help="JSON: the run's layer by that of the files, where they cannot be paired.")
    ] = "",
    role: Annotated[
        list[str] | None, typer.Option(metavar="TENSOR=ROLE", help="mask, inverted mask, weights, left out ...")
    ] = None,
    accuracies: Annotated[
        Path | None, typer.Option(help="CSV with level, test_accuracy and, with several replicates, replicate.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Store the import without asking for confirmation.")] = False,
    url: Annotated[str, typer.Option(help="Address of the server; default: the one on this machine.")] = "",
) -> None:
    """Import masks from other software; what is recognised in the files is shown before it is stored."""
    if len(files) > MAX_FILES:
        stop(f"{len(files)} files; at most {MAX_FILES} are imported at once")
    with ExitStack() as stack:
        try:
            opened = [stack.enter_context(file.open("rb")) for file in files]
            total = sum(file.stat().st_size for file in files)
        except OSError as error:
            stop(f"{error.filename} cannot be read: {error.strerror}")
        if total > MAX_BYTES:
            stop(f"{', '.join(map(str, files))}: {total:,} bytes; at most {MAX_BYTES:,} are imported at once")
        data = {"name": name, "notes": notes, "tags": tag or [], "places": places, "one_means": one_means}
        data |= {"architecture_of": architecture_of, "architecture_layers": architecture_layers}
        if role:
            data["roles"] = json.dumps(dict(item.rpartition("=")[::2] for item in in_utf8(role)))
        if accuracies is not None:
            data["accuracies"] = text_of(accuracies)
        parts = [("files", part) for part in zip(names_of(files), opened, strict=True)]
        request: dict[str, Any] = {"files": parts, "data": data, "timeout": _IMPORT_TIMEOUT}
        recognition = ask(url, "POST", "/imports", params={"dry_run": True}, **request)
        show(console, recognition)
        if recognition["question"]:
            stop(f"{recognition['question']} (--one-means kept, --one-means pruned, or --role for single tensors)")
        if not yes:
            typer.confirm("Store this?", abort=True)
        for content in opened:
            content.seek(0)
        run = ask(url, "POST", "/imports", **request)
    show_run(console, run, url)


app.add_typer(accounts, name="accounts")
cli_workers.register(app)
app.command()(export)
app.command("import-archive")(import_archive)


@app.command()
def runs(
    q: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help="Words of name, tags, kind, model or data set, the beginning of an id, "
            "or model:NAME, dataset:NAME, kind:NAME, tag:NAME, state:NAME.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    url: Annotated[str, typer.Option(help="Address of the server; default: the one on this machine.")] = "",
) -> None:
    """List the newest runs of the server."""
    page = ask(url, "GET", "/runs", params={"q": q, "limit": limit})
    table = Table(Column("id", no_wrap=True), "state", "done", "name", "created", box=None, pad_edge=False)
    for run in page["items"]:
        share = run["progress"]["done"] / max(1, run["progress"]["total"])
        table.add_row(run["id"], run["state"], f"{share:.0%}", escape(run["name"]), run["created_at"][:16])
    console.print(table)


@app.command()
def presets() -> None:
    """List the presets that can be submitted."""
    table = Table(Column("name", no_wrap=True), "kind", "size", "question", box=None, pad_edge=False)
    for preset in PRESETS.values():
        table.add_row(preset.name, preset.spec.kind, plural(*preset.spec.work), escape(preset.title))
    console.print(table)


@app.command()
def version() -> None:
    """Print the version."""
    console.print(package_version("ticketscope"))


if __name__ == "__main__":
    main()
