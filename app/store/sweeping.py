"""Sweeps, for those who submit them and for the loop that continues them."""

from collections.abc import Collection, Iterable, Sequence

from app.records import Priority, Sweep
from app.store import audit, early_stops, ids, notices, priorities, submissions, sweep_bin, sweep_rows, sweeps
from app.store.connected import Connected
from app.store.early_stops import Reported
from app.store.submissions import Once
from app.store.sweeps import Next, Result
from app.sweeps.plan import Plan


class Sweeping(Connected):
    """One transaction per method: a sweep is never stored in part."""

    def create_sweep(
        self, plan: Plan, first: Next, *, name: str, tags: Collection[str] = (), notes: str = "",
        once: Once | None = None, priority: Priority = "normal",
    ) -> tuple[Sweep, list[str]]:  # fmt: skip
        """Store a sweep with its first members; returns it and their runs. Raises FieldError for bad labels.

        A request that was stored already (`once`) returns its sweep, and no runs.
        """
        sweep_id = ids.run_id()
        with self._db.write() as conn:
            if once is not None and (stored := submissions.begin(conn, once)) is not None and stored.sweep_id:
                return sweep_rows.get(conn, stored.sweep_id), []
            sweeps.create(conn, sweep_id, plan, name=name, tags=tags, notes=notes)
            priorities.put_sweep(conn, sweep_id, priority)
            added = sweeps.add(conn, sweep_id, 0, first.starts)
            if first.close is not None:
                sweeps.close(conn, sweep_id, first.close)
            if once is not None:
                submissions.end(conn, once, sweep_id=sweep_id)
            audit.note(conn, "submit", "sweep", [sweep_id], name)
            return sweep_rows.get(conn, sweep_id), added

    def continue_sweep(self, sweep_id: str, expected: int, decision: Next) -> list[str]:
        """Store further members of an open sweep with `expected` members; returns their runs. Raises NotFound.

        Does nothing where there are other members by now: another process was faster, and the next look decides.
        """
        with self._db.write() as conn:
            row = sweeps.locked(conn, sweep_id)
            if row.state != "open" or row.deleted_at is not None or sweeps.count(conn, sweep_id) != expected:
                return []
            added = sweeps.add(conn, sweep_id, expected, decision.starts)
            if decision.close is not None:
                sweeps.close(conn, sweep_id, decision.close)
                notices.of_sweep(conn, sweep_id)
            return added

    def measure_members(self, sweep_id: str, results: Sequence[Result]) -> None:
        """Keep what runs of members came to. Raises NotFound."""
        with self._db.write(hasty=True) as conn:
            sweeps.locked(conn, sweep_id)
            for result in results:
                sweeps.measured(conn, sweep_id, result)
            notices.of_sweep(conn, sweep_id)

    def report_members(self, sweep_id: str, reports: Sequence[Reported]) -> list[str]:
        """Keep what members report, and stop those that have a reason; returns their runs. Raises NotFound.

        Does nothing where another process was faster.
        """
        with self._db.write() as conn:
            return early_stops.report(conn, sweep_id, reports)

    def replan_sweep(self, sweep_id: str, plan: Plan) -> Sweep:
        """Give a sweep more values or another budget, and open it again. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            sweeps.replan(conn, sweep_id, plan)
            audit.note(conn, "extend", "sweep", [sweep_id])
            return sweep_rows.get(conn, sweep_id)

    def update_sweep(
        self, sweep_id: str, *, name: str | None = None, tags: Iterable[str] | None = None, notes: str | None = None
    ) -> Sweep:
        """Change what is given. Raises NotFound, FieldError."""
        with self._db.write() as conn:
            before = sweep_rows.get(conn, sweep_id).notes
            sweep_bin.relabel(conn, sweep_id, name=name, tags=tags, notes=notes)
            notices.of_text(conn, "sweep", sweep_id, notes or "", before, comment=False)
            audit.note(conn, "edit", "sweep", [sweep_id])
            return sweep_rows.get(conn, sweep_id)

    def bin_sweep(self, sweep_id: str, *, with_runs: bool) -> tuple[Sweep, list[str]]:
        """Move a sweep to the bin; returns it and the runs that went with it. Raises NotFound."""
        with self._db.write() as conn:
            moved = sweep_bin.discard(conn, sweep_id, with_runs=with_runs)
            audit.note(conn, "bin", "sweep", [sweep_id])
            return sweep_rows.get(conn, sweep_id), moved

    def restore_sweep(self, sweep_id: str) -> tuple[Sweep, list[str]]:
        """Take a sweep out of the bin, with the runs that went with it; returns both. Raises NotFound."""
        with self._db.write() as conn:
            moved = sweep_bin.restore(conn, sweep_id)
            audit.note(conn, "restore", "sweep", [sweep_id])
            return sweep_rows.get(conn, sweep_id), moved

    def purge_sweep(self, sweep_id: str) -> None:
        """Delete a binned sweep for good; its runs stay. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            sweep_bin.purge(conn, sweep_id)
            audit.note(conn, "delete for good", "sweep", [sweep_id])

    def cancel_sweep(self, sweep_id: str) -> tuple[Sweep, list[str]]:
        """Start no more members and stop the live ones; returns the sweep and these. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            stopped = sweeps.cancel(conn, sweep_id)
            audit.note(conn, "cancel", "sweep", [sweep_id])
            return sweep_rows.get(conn, sweep_id), stopped

    def resume_sweep(self, sweep_id: str) -> tuple[Sweep, list[str]]:
        """Go on with cancelled and failed members, and start the others. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            again = sweeps.resume(conn, sweep_id)
            audit.note(conn, "resume", "sweep", [sweep_id])
            return sweep_rows.get(conn, sweep_id), again

    def unfinished_sweeps(self) -> list[str]:
        """Return sweeps that may start or stop members, or have ones that ended since they were last measured."""
        with self._db.read() as conn:
            return sweeps.unfinished(conn)
