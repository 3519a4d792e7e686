"""The upload that an import brings: its files, and the other fields of its form."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from app.imports.limits import MAX_FILES
from app.kinds.imported.web.fields import NAMES
from app.web.core.context import SettingsDep
from app.web.core.problems import BadField, Invalid
from app.web.core.uploads import spooled


@dataclass(frozen=True)
class Upload:
    """The `files` of a form in their order, its other fields, and a folder for what is built from them."""

    files: list[UploadFile]
    fields: list[tuple[str, str]]
    folder: Path

    def field(self, name: str) -> str:
        """Return the last value of a field, as a form means it; empty when there is none."""
        return next((value for key, value in reversed(self.fields) if key == name), "")


async def receive(request: Request, settings: SettingsDep) -> AsyncIterator[Upload]:
    """Yield the upload that a request brings. Raises Invalid, HTTPException."""
    folder = settings.data_dir / "imports"
    form = await spooled(
        request,
        folder,
        BadField(path="files", message="send multipart/form-data with one part `files` for each file"),
        MAX_FILES,
    )
    try:
        files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        _check(files, fields)
        # A browser sends a nameless, empty file where none was chosen.
        yield Upload([file for _, file in files if file.filename or file.size], fields, folder)
    finally:
        await form.close()


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
