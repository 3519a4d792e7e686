"""The queue, for those who look at it and change its order."""

from app.records import Priority, Run, Sweep
from app.store import audit, priorities, runs, sweep_rows, sweeps
from app.store.connected import Connected


class Queueing(Connected):
    """One transaction per method."""

    def prioritise_run(self, run_id: str, priority: Priority) -> Run:
        """Change the priority of a run that waits or works. Raises NotFound, NotTheirs, Conflict."""
        with self._db.write() as conn:
            priorities.put(conn, run_id, priority)
            audit.note(conn, "set the priority", "run", [run_id], priority)
            return runs.get(conn, run_id)

    def prioritise_sweep(self, sweep_id: str, priority: Priority) -> Sweep:
        """Change the priority of a sweep and of its runs that wait or work. Raises NotFound, NotTheirs, Conflict."""
        with self._db.write() as conn:
            sweeps.changeable(conn, sweep_id)
            priorities.put_sweep(conn, sweep_id, priority)
            priorities.put_several(conn, priorities.waiting_members(conn, sweep_id), priority)
            audit.note(conn, "set the priority", "sweep", [sweep_id], priority)
            return sweep_rows.get(conn, sweep_id)
