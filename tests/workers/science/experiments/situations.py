"""Of many checkpoints of a run, one of each situation that a kill can find it in."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

from app.contract.events import Progress
from workers.science.outputs import Checkpoint, Output


def distinct(outputs: Sequence[Output]) -> list[int]:
    """Return the position of one checkpoint for each situation, in order.

    A situation is: how much is logged, which trainings are done, have diverged or have begun, and how much of each
    waits for others. Of those alike, which differ by the step alone, it is the first, the middle or the last in turn.
    """
    alike: dict[Hashable, list[int]] = defaultdict(list)
    logged = 0
    for position, output in enumerate(outputs):
        if isinstance(output, Checkpoint):
            alike[logged, _situation(output)].append(position)
        else:
            logged += not isinstance(output, Progress)
    return sorted(found[(0, len(found) // 2, -1)[n % 3]] for n, found in enumerate(alike.values()))


def _situation(checkpoint: Checkpoint) -> str:
    state = checkpoint.state
    pending = state.get("pending", {})
    begun = [(item["key"], item.get("lost") is None) for item in state.get("unfinished", ())]
    waiting = [(key, len(found)) for key, found in pending.get("outputs", ())]
    return repr((state["done"], state["diverged"], begun, waiting, pending.get("ended")))
