"""Move a sweep to the bin and back, and notify open pages of the runs that went with it."""

from collections.abc import Sequence

from app.continuing import WOKEN, continue_sweep
from app.queue import Queue
from app.records import Sweep
from app.store import Store


def discard_sweep(store: Store, queue: Queue, sweep_id: str, *, with_runs: bool) -> tuple[Sweep, list[str]]:
    """Move a sweep to the bin; returns it and the runs that went with it. Raises NotFound."""
    sweep, moved = store.bin_sweep(sweep_id, with_runs=with_runs)
    _wake(store, queue, moved)
    return sweep, moved


def restore_sweep(store: Store, queue: Queue, sweep_id: str) -> Sweep:
    """Take a sweep out of the bin, with the runs that went with it, and start what follows. Raises NotFound."""
    _, moved = store.restore_sweep(sweep_id)
    _wake(store, queue, moved)
    continue_sweep(store, queue, sweep_id)
    return store.sweep(sweep_id)


def _wake(store: Store, queue: Queue, run_ids: Sequence[str]) -> None:
    for run in store.several(run_ids[:WOKEN]):
        queue.wake(run.id, run.last_seq)
