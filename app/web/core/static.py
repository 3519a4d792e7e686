"""Static files: under a versioned path they may be kept for ever, under the plain one they are fetched again.

Large scripts are compressed once, ahead of the first reader, who would wait half a second for it.

The version is part of the path (`/static/v-3f9c.../js/shell.js`), so that what a module imports by a relative path
carries it too.
"""

import gzip
import hashlib
import os
import re
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_VERSIONED: Final = re.compile(r"v-([0-9a-f]{12})/")
FOREVER: Final = "public, max-age=31536000, immutable"
ASK: Final = "no-cache"
LARGE_BYTES: Final = 200_000


class Static(StaticFiles):
    """The files of `directory`, of which `version` identifies the state; `root` is the sub-path in front."""

    def __init__(self, directory: Path, root: str = "") -> None:
        super().__init__(directory=directory)
        self.version = _version(directory)
        self._directory = directory
        self._root = root
        self._packed: dict[str, bytes] = {}

    def url(self, path: str) -> str:
        """Return the versioned address of a file, e.g. `css/shell.css`; for templates."""
        return f"{self._root}/static/v-{self.version}/{path}"

    def pack(self) -> None:
        """Compress the large scripts; until it has, they are compressed for every reader anew."""
        for path in self._directory.rglob("*.js"):
            if path.stat().st_size > LARGE_BYTES:
                self._packed[str(path.resolve())] = gzip.compress(path.read_bytes(), 6)

    def get_path(self, scope: Scope) -> str:
        path = super().get_path(scope)
        return _VERSIONED.sub("", path.replace(os.sep, "/"), count=1) if _VERSIONED.match(path) else path

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        packed = self._packed.get(os.path.realpath(full_path))
        if (
            packed is not None
            and response.status_code == 200
            and "gzip" in Headers(scope=scope).get("accept-encoding", "")
        ):
            headers = {name: response.headers[name] for name in ("etag", "last-modified", "content-type")}
            response = Response(packed, headers={**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
        named = _VERSIONED.match(super().get_path(scope))
        response.headers["Cache-Control"] = FOREVER if named and named[1] == self.version else ASK
        return response


def _version(directory: Path) -> str:
    """Return twelve hex digits that change with any file's name, size or time."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path.relative_to(directory)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]
