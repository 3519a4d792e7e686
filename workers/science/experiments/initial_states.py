"""The initial states of the controls of a level, to be read in another order than they are derived in."""

from collections.abc import Callable, Iterator

from app.contract.training_key import TrainingKey
from workers.science.controls.context import InitialState


class InitialStates:
    """Derive what `derived` yields no sooner than it is needed, and keep what is passed by, where it is `wanted`."""

    def __init__(
        self, derived: Iterator[tuple[TrainingKey, InitialState]], wanted: Callable[[TrainingKey], bool]
    ) -> None:
        self._derived, self._wanted = derived, wanted
        self._kept: dict[TrainingKey, InitialState] = {}

    def of(self, key: TrainingKey) -> InitialState:
        """Return the initial state of a control that is wanted, once. Raises `KeyError` when there is none."""
        while key not in self._kept:
            try:
                control, state = next(self._derived)
            except StopIteration:
                raise KeyError(key) from None
            if self._wanted(control):
                self._kept[control] = state
        return self._kept.pop(key)
