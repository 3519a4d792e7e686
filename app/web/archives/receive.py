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
            if arrival.fate == "new" and arrival.what == "run":
                queue.wake(arrival.id, 1)

    def message(self, *, done: bool) -> str:
        """Return how many runs and sweeps are new, here already, or different."""
        new, equal, different = (self._count(fate) for fate in ("new", "equal", "different"))
        if different[0]:
            same = f"is here as another {different[2]}" if different[0] == 1 else f"are here as other {different[2]}s"
            return f"Nothing can be imported with these ids: {different[0]:,} {same}."
        parts = [(new[1] or "0 runs") + (" imported" if done else " will be imported")]
        if equal[0]:
            parts.append(f"{equal[0]:,} {'is' if equal[0] == 1 else 'are'} here already and equal")
        return f"{'; '.join(parts)}."

    def _count(self, fate: str) -> tuple[int, str, str]:
        """Return how many have a fate, in words too, and what they are."""
        here = [arrival.what for arrival in self.arrivals if arrival.fate == fate]
        words = [plural(here.count(what), what) for what in ("run", "sweep") if what in here]
        return len(here), " and ".join(words), "run" if "run" in here or not here else "sweep"


async def receive(request: Request, settings: SettingsDep) -> AsyncIterator[BinaryIO]:
    """Yield the file that a request brings. Raises Invalid, HTTPException."""
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
