"""Files that arrive as multipart/form-data: spooled into the data directory, and gone when the answer is out."""

import errno
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from fastapi import Request
from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app.web.core.problems import BadField, Invalid
from app.web.core.tokens import FIELD

# Texts of a form are short, but for tables of choices; there are few of them, and a field for each tag.
_FIELD_BYTES: Final = 2**20
_FIELDS: Final = 32
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


class _Spooler(MultiPartParser):
    """Starlette's parser, whose files lie in `folder` and have no name there, so that not even a crash leaves them."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], folder: Path, max_files: int) -> None:
        super().__init__(headers, stream, max_files=max_files, max_fields=_FIELDS, max_part_size=_FIELD_BYTES)
        self._folder = folder

    def on_headers_finished(self) -> None:
        """Begin a part."""
        super().on_headers_finished()
        upload = self._current_part.file
        if upload is not None:
            upload.file.close()
            upload.file = TemporaryFile(dir=self._folder)  # noqa: SIM115 (closed with the form)
            self._files_to_close_on_error.append(upload.file)  # type: ignore[arg-type]  # a file like the others


async def spooled(request: Request, folder: Path, otherwise: BadField, max_files: int) -> FormData:
    """Return the form that a request brings without its token, its files in `folder` until it is closed.

    Raises Invalid with `otherwise` for a body of another kind, HTTPException for one that cannot be read.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise Invalid([otherwise])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        async with aclosing(request.stream()) as stream:
            form = await _Spooler(request.headers, stream, folder, max_files).parse()
            return FormData([(name, value) for name, value in form.multi_items() if name != FIELD])
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
