"""What commands that call a server share: its address, one request, and the files and words that go into it."""

import os
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from app import unique_json
from app.address import address
from app.cli_end import stop
from app.cli_settings import settings
from app.kinds.presets import PRESETS


def ask(url: str, method: str, path: str, **request: Any) -> Any:
    """Return the JSON that the server at `url` answers; exit with its words where it refuses or does not answer."""
    base = _base(url)
    request = {"timeout": 10, "trust_env": False, "headers": _token(), **in_utf8(request)}
    try:
        answer = httpx.request(method, f"{base}/api/v1{path}", **request)
    except httpx.HTTPError as error:
        stop(f"no answer from {base} ({error}); start it with `ticketscope up`, or give another address with --url")
    if answer.is_error:
        problem = answer.json()
        fields = [f"{bad['path']}: {bad['message']}" for bad in problem.get("errors", [])]
        stop("\n".join(fields or [problem["detail"]]))
    return answer.json()


def download(url: str, path: str, params: dict[str, str], file: Path) -> int:
    """Write what the server answers into a new file, as it comes, and return its size; exit where it refuses.

    What is half written stays, and the message says so.
    """
    base = _base(url)
    try:
        with httpx.stream(
            "GET",
            f"{base}/api/v1{path}",
            params=in_utf8(params),
            timeout=httpx.Timeout(10, read=900),
            trust_env=False,
            headers=_token(),
        ) as answer:
            if answer.is_error:
                answer.read()
                stop(answer.json()["detail"])
            with file.open("xb") as opened:
                for piece in answer.iter_bytes():
                    opened.write(piece)
                return opened.tell()
    except httpx.HTTPError as error:
        stop(f"{file} is not whole: no further answer from {base} ({error})")
    except OSError as error:
        stop(f"{file} cannot be written: {error.strerror}")


def in_utf8(value: Any) -> Any:
    """Return `value` with every text in it read as UTF-8, as it was typed, whatever the locale says.

    Python marks the bytes of an argument that the locale does not cover (LC_ALL=C); they are texts all the same.
    """
    if isinstance(value, str):
        try:
            return os.fsencode(value).decode() if any("\udc80" <= item <= "\udcff" for item in value) else value
        except UnicodeError:
            stop(f"an argument is not UTF-8: {value}")
    if isinstance(value, dict):
        return {key: in_utf8(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(in_utf8(item) for item in value)
    return value


def show_run(console: Console, run: Any, url: str) -> None:
    """Print id, name and address of a run, and what it is doing."""
    console.print(f"[bold]{run['id']}[/bold]  {escape(run['name'])}  {_base(url)}/runs/{run['id']}")
    if run["progress"]["note"]:
        console.print(escape(run["progress"]["note"]))


def spec_of(file: Path) -> Any:
    """Return the spec in a JSON file, alone or as the `spec` of a document; exit where there is none."""
    try:
        document = unique_json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        stop(f"{file} is neither a file nor a preset; presets are {', '.join(PRESETS)}")
    except unique_json.RepeatedNameError as error:
        stop(f"{file}: {error}")
    except (ValueError, RecursionError) as error:
        stop(f"{file} is not JSON: {error}")
    return document["spec"] if isinstance(document, dict) and "spec" in document else document


def text_of(file: Path) -> str:
    """Return the text of a file; exit where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        stop(f"{file} cannot be read: {error}")


def _token() -> dict[str, str]:
    """Return what a server with accounts needs: the token of the environment."""
    token = settings().token.get_secret_value()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _base(url: str) -> str:
    return url.rstrip("/") or address(settings())
