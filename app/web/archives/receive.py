"""The upload that an import of an archive brings, and what becomes of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, BinaryIO

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from app.archives.bring import Arrival, arrivals, bring
from app.archives.read import Archive
from app.contract.words import plural
from app.queue import Queue
from app.store import Store
from app.web.core.context import SettingsDep
from app.web.core.problems import BadField, Invalid
from app.web.core.uploads import spooled


@dataclass(frozen=True)
class Plan:
    """A checked archive, and what becomes of each of its runs."""

    archive: Archive
    arrivals: list[Arrival]

    @classmethod
    def of(cls, store: Store, file: BinaryIO, *, new_ids: bool) -> "Plan":
        """Check a file. Raises Refused."""
        archive = Archive(file)
        return cls(archive, arrivals(store, archive, new_ids=new_ids))

    def carry_out(self, store: Store, queue: Queue) -> None:
        """Store what is new. Raises Conflict."""
        bring(store, self.archive, self.arrivals)
        for arrival in self.arrivals:
            if arrival.fate == "new":
                queue.wake(arrival.id, 1)

    def message(self, *, done: bool) -> str:
        """Return how many runs are new, here already, or different."""
        n = {fate: sum(arrival.fate == fate for arrival in self.arrivals) for fate in ("new", "equal", "different")}
        parts = [plural(n["new"], "run") + (" imported" if done else " will be imported")]
        if n["equal"]:
            parts.append(f"{n['equal']:,} {'is' if n['equal'] == 1 else 'are'} here already and equal")
        if n["different"]:
            same = "is here as another run" if n["different"] == 1 else "are here as other runs"
            return f"Nothing can be imported with these ids: {n['different']:,} {same}."
        return f"{'; '.join(parts)}."


async def receive(request: Request, settings: SettingsDep) -> AsyncIterator[BinaryIO]:
    """The file that a request brings. Raises Invalid, HTTPException."""
    only = BadField(path="file", message="send multipart/form-data with one file, as `file`")
    form = await spooled(request, settings.data_dir / "imports", only, 1)
    try:
        given = form.multi_items()
        file = form.get("file")
        if not isinstance(file, UploadFile) or [n for n, v in given if n not in ("file", "new_ids", "checked")]:
            raise Invalid([only])
        yield file.file
    finally:
        await form.close()


ArchiveDep = Annotated[BinaryIO, Depends(receive)]
