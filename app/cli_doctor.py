"""The command that says what is wrong: `doctor`."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.cli_end import in_one_line
from app.cli_settings import settings

console = Console(highlight=False)
_STYLES = {"ok": "green", "warning": "yellow", "fault": "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
) -> None:
    """Check store, broker, artifacts, web, workers, clocks, versions and settings: what is wrong, and what to do.

    Exit code 0: nothing is at fault; 1: something is.
    """
    from app.doctor.look import look
    from app.up import opened

    with in_one_line():
        store = opened(settings())
        findings = list(look(settings(), store))
        store.close()
    if as_json:
        typer.echo(json.dumps([finding.model_dump() for finding in findings], indent=1))
    else:
        what, do = (Column(head, overflow="fold") for head in ("what", "what to do"))
        table = Table("check", "state", what, do, box=None, pad_edge=False)
        for item in findings:
            table.add_row(item.check, item.state, escape(item.what), escape(item.do), style=_STYLES[item.state])
        console.print(table)
    if any(item.state == "fault" for item in findings):
        raise typer.Exit(1)
