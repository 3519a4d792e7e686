"""The settings of this machine, as commands read them."""

from pydantic import ValidationError

from app.cli_end import stop
from app.contract.refusals import refusal
from app.logs import LogFormat
from app.settings import Settings


def settings() -> Settings:
    """Return the settings; exit with one line for each that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        stop("\n".join(f"TICKETSCOPE_{str(item['loc'][0]).upper()}: {refusal(item)}" for item in error.errors()))


def log_format() -> LogFormat:
    """Return how to log; as text where a setting is wrong, which the command will say by itself."""
    try:
        return Settings().log_format
    except ValidationError:
        return "text"
