"""An action on many runs, done and announced."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.queue import Queue
from app.store import Store
from app.store.bulk import Action, Outcome, Tags
from app.web.bulk import words


@dataclass(frozen=True)
class Done:
    """What an action has changed, or of a dry run would change, with sentences for a reader."""

    action: Action
    outcome: Outcome
    message: str
    lasting: str
    undo: Action | None
    """The action that undoes it; None where there is nothing to undo."""


def act(
    store: Store,
    queue: Queue,
    action: Action,
    run_ids: Collection[str],
    tags: Tags,
    seen: Mapping[str, str],
    *,
    dry_run: bool,
) -> Done:
    """Do one thing to many runs, or return what it would do. Raises FieldError for a bad tag."""
    names = words.names(tags)
    if dry_run:
        outcome = store.preview_change(action, run_ids, tags)
        message = words.preview(action, names, outcome)
    else:
        outcome = store.change_runs(action, run_ids, tags, seen)
        message = words.result(action, names, outcome)
        if outcome.queues:
            queue.announce(
                name for queue in outcome.queues for name in (("cpu", "gpu") if queue == "any" else (queue,))
            )
        for run_id, seq in outcome.seqs.items():
            queue.wake(run_id, seq)
    undo = words.UNDO.get(action) if outcome.changed and not dry_run else None
    return Done(action, outcome, message, words.lasting(action, outcome), undo)
