"""The queue and the workers, for those who change who works on what."""

from datetime import datetime

from app.contract.experiment import FieldError
from app.records import Priority, Run, Sweep
from app.records.workers import Maintenance, Mode
from app.store import audit, labels, priorities, runs, sweep_rows, sweeps, worker_control
from app.store.connected import Connected

MESSAGE_LENGTH = 500


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

    def steer_worker(self, worker_id: str, mode: Mode) -> None:
        """Pause a worker, drain it, or let it work again. Raises NotFound."""
        with self._db.write() as conn:
            worker_control.put_mode(conn, worker_id, mode)
            action = {"working": "resume", "paused": "pause", "draining": "drain"}[mode]
            audit.note(conn, action, "worker", [""], worker_id)

    def move_run(self, run_id: str, *, worker: str = "", queue: str = "") -> Run:
        """Take a run back from its workers or from one of them; or, with `queue`, have it wait for other workers.

        Raises NotFound, Conflict.
        """
        with self._db.write() as conn:
            if queue:
                worker_control.pin(conn, run_id, queue)
            else:
                worker_control.take_back(conn, run_id, worker)
            audit.note(conn, "move", "run", [run_id], f"to {queue} workers" if queue else f"from {worker or 'all'}")
            return runs.get(conn, run_id)

    def put_maintenance(self, text: str, begins_at: datetime | None = None) -> None:
        """Show a message on every page until it is replaced, or removed by an empty one. Raises FieldError."""
        text = text.strip()
        if len(text) > MESSAGE_LENGTH:
            raise FieldError("text", f"must have at most {MESSAGE_LENGTH} characters")
        labels.check_notes(text)
        with self._db.write() as conn:
            worker_control.put_message(conn, text, None if begins_at is None else begins_at.timestamp())
            audit.note(conn, "announce maintenance" if text else "end the announcement", "worker", [""], text)

    def maintenance(self) -> Maintenance | None:
        """Return the message that every page shows."""
        with self._read() as conn:
            return worker_control.message(conn)
