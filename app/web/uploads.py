"""Files that arrive as multipart/form-data: spooled into the data directory, and gone when the answer is out."""

import errno
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app.imports.limits import MAX_FILES
from app.web.context import SettingsDep
from app.web.import_fields import NAMES
from app.web.problems import BadField, Invalid

# The roles of as many tensors as a file may have, in bytes; and name, notes and a field for each tag.
_FIELD_BYTES: Final = 2**20
_FIELDS: Final = 32
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Upload:
    """The `files` of a form in their order, its other fields, and a folder for what is made of them."""

    files: list[UploadFile]
    fields: list[tuple[str, str]]
    folder: Path

    def field(self, name: str) -> str:
        """The last value of a field, as a form means it; empty when there is none."""
        return next((value for key, value in reversed(self.fields) if key == name), "")


class _Spooler(MultiPartParser):
    """Starlette's parser, whose files lie in `folder` and have no name there, so that not even a crash leaves them."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], folder: Path, max_files: int) -> None:
        super().__init__(headers, stream, max_files=max_files, max_fields=_FIELDS, max_part_size=_FIELD_BYTES)
        self._folder = folder

    def on_headers_finished(self) -> None:
        """A part begins."""
        super().on_headers_finished()
        upload = self._current_part.file
        if upload is not None:
            upload.file.close()
            upload.file = TemporaryFile(dir=self._folder)  # noqa: SIM115 (closed with the form)
            self._files_to_close_on_error.append(upload.file)  # type: ignore[arg-type]  # a file like the others


async def receive(request: Request, settings: SettingsDep) -> AsyncIterator[Upload]:
    """The upload that a request brings. Raises Invalid, HTTPException."""
    folder = settings.data_dir / "imports"
    form = await spooled(
        request, folder, BadField(path="files", message="send multipart/form-data with one part `files` for each file")
    )
    try:
        files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        _check(files, fields)
        # A browser sends a nameless, empty file where none was chosen.
        yield Upload([file for _, file in files if file.filename or file.size], fields, folder)
    finally:
        await form.close()


async def spooled(request: Request, folder: Path, otherwise: BadField, max_files: int = MAX_FILES) -> FormData:
    """The form that a request brings, its files in `folder` until it is closed.

    Raises Invalid with `otherwise` for a body of another kind, HTTPException for one that cannot be read.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise Invalid([otherwise])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        async with aclosing(request.stream()) as stream:
            return await _Spooler(request.headers, stream, folder, max_files).parse()
    except MultiPartException as error:
        raise HTTPException(400, error.message) from error
    except ValueError as error:  # a charset of the client's choice that its text is not written in
        raise HTTPException(400, "The form cannot be read: send it as UTF-8.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The upload was interrupted.") from error
    except OSError as error:
        if error.errno in _FULL:
            raise HTTPException(507, "The disk of this server is full; nothing was stored.") from error
        raise


def _check(files: list[tuple[str, UploadFile]], fields: list[tuple[str, str]]) -> None:
    known = {"name", "tags", "notes", *NAMES}
    errors = [
        BadField(path=name, message="must be text: send files as `files`") for name, _ in files if name != "files"
    ]
    errors += [
        BadField(path=name, message="must be a file" if name == "files" else "is not a field of an import")
        for name, _ in fields
        if name not in known
    ]
    if errors:
        raise Invalid(errors)


UploadDep = Annotated[Upload, Depends(receive)]
