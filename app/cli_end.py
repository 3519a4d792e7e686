"""How a command ends when it cannot go on: one line with the reason, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape


def stop(message: str, code: int = 1) -> NoReturn:
    """Exit with a message on the error stream."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(escape(message), style="red")
    raise typer.Exit(code)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Exit with 1 and one line for what keeps this machine from starting."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.address import CannotListen
    from app.store import StoreError
    from app.store.condition import diagnose

    try:
        yield
    except (CannotListen, StoreError, TimeoutError) as error:
        stop(str(error))
    except SQLAlchemyError as error:
        condition = diagnose(error)
        if condition is None:
            raise
        stop(f"{condition.detail}.")
