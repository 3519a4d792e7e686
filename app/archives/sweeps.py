"""Sweeps of an archive: their rows checked against each other and its runs, and compared with those that are here."""

import hashlib
from collections.abc import Iterator, Mapping

from app.archives.manifest import ArchivedSweep
from app.archives.read import FILE, Archive
from app.archives.rename import addresses
from app.imports.refused import Refused
from app.store import NotFound, Store
from app.store.archived_sweeps import MemberRow, SweepRow, SweepRows

_COMPARED = ("name", "tags", "notes", "state", "axes", "budget", "stop")


def check(archive: Archive, sweep: ArchivedSweep, kinds: Mapping[str, str]) -> None:
    """Check that the rows of a sweep fit together and with the kinds of the archive's runs. Raises Refused."""
    name = f"sweeps/{sweep.id}.jsonl"
    head: SweepRow | None = None
    used: set[str] = set()
    position = 0
    for row in archive.sweep_rows(sweep.id):
        if isinstance(row, SweepRow):
            if head is not None:
                raise Refused(FILE, f"{name}: its rows are out of order")
            head = row
            state = "cancelled" if row.state == "cancelled" else "finished"
            if (row.id, row.name, state) != (sweep.id, sweep.name, sweep.state):
                raise Refused(FILE, f"{name}: its sweep is another than the manifest names")
            continue
        if head is None or row.position != position:
            raise Refused(FILE, f"{name}: its rows are out of order, or one is missing")
        position += 1
        if set(row.values) != set(head.axes):
            raise Refused(FILE, f"{name}: run {position} has other fields than the sweep varies")
        if row.run is None:
            continue
        if row.run in used:
            raise Refused(FILE, f"{name}: run {row.run} occurs twice")
        if kinds.get(row.run) != head.kind:
            raise Refused(FILE, f"{name}: run {row.run} is not in the archive, or of another kind")
        used.add(row.run)
    if head is None:
        raise Refused(FILE, f"{name}: rows are missing")


def difference(store: Store, archive: Archive, sweep: ArchivedSweep) -> str | None:
    """Return in what the sweep that is here differs, empty where it is equal, None where there is none."""
    try:
        here = store.archived_sweep(sweep.id)
    except NotFound:
        return None
    digest = hashlib.sha256(b"".join(row.line for row in here)).hexdigest()
    if digest == archive.digests[f"sweeps/{sweep.id}.jsonl"]:
        return ""
    there = next(archive.sweep_rows(sweep.id))
    return " and ".join(name for name in _COMPARED if getattr(here[0], name) != getattr(there, name)) or "runs"


def renamed(rows: Iterator[SweepRows], ids: Mapping[str, str]) -> Iterator[SweepRows]:
    """Yield rows with the new ids of sweeps and runs, in specs and values too."""
    for row in rows:
        if isinstance(row, MemberRow):
            run = ids.get(row.run, row.run) if row.run else None
            yield row.model_copy(update={"run": run, "values": addresses(row.values, ids)})
        else:
            changed = {
                "id": ids.get(row.id, row.id),
                "spec": addresses(row.spec, ids),
                "axes": addresses(row.axes, ids),
            }
            yield row.model_copy(update=changed)
