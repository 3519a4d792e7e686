"""The commands of an administrator: `accounts on`, `accounts invite` and `accounts link`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from app.address import address
from app.cli_end import in_one_line, stop
from app.cli_server import in_utf8
from app.cli_settings import settings
from app.records.people import Role

accounts = typer.Typer(help="Accounts of people.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


@accounts.command("on")
def on() -> None:
    """Switch accounts on, and print the link that makes the first admin. Nobody gets in without an account then."""
    from app.up import opened

    with in_one_line():
        store = opened(settings())
        store.migrate()
        link = store.switch_accounts_on()
    if link is None:
        stop("accounts are on and there is an admin; `ticketscope accounts link NAME` prints a link for a new password")
    console.print("Accounts are on. This link makes the first admin; it works once, within a week:")
    console.print(_address(link))


@accounts.command("invite")
def invite(role: Annotated[Role, typer.Argument(help="What the new account may do.")]) -> None:
    """Print a link that makes an account: a viewer looks, a member submits and changes their own, an admin all."""
    from app.up import opened

    with in_one_line():
        store = opened(settings())
        store.wait_for_revision(0)
        if not store.accounts_on():
            stop("there are no accounts yet: `ticketscope accounts on` makes the first admin")
        new = store.invite(role)
    console.print(f"This link makes the account of a new {role}; it works once, within a week:")
    console.print(_address(new))


@accounts.command("link")
def link(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of an account.")]) -> None:
    """Print a link that sets a new password for an account, for who has lost it."""
    from app.up import opened

    with in_one_line():
        store = opened(settings())
        store.wait_for_revision(0)
        new = store.invite_again(in_utf8(name))
    if new is None:
        stop(f"nobody is called {name}, or the account is deactivated")
    console.print(f"This link sets a new password for {escape(name)}; it works once, within a week:")
    console.print(_address(new))


def _address(link: str) -> str:
    chosen = settings()
    return f"{address(chosen)}{chosen.root_path}/join?link={link}"
