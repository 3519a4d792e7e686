"""What happens in a training, in the order in which it happens; the loop gives the slot of each event."""

from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor


@dataclass(frozen=True)
class Tick:
    """`step` updates have been made; yielded often, so that a caller may report or stop.

    `between`: nothing is half done, and the training could go on from its `LoopState`, weights, optimizers and hooks.
    """

    step: int
    between: bool = False


@dataclass(frozen=True)
class Evaluated:
    """Losses (mean, of the task) and accuracies (share in [0, 1]) after `step` updates.

    `train_loss` is the mean over the minibatches since the evaluation before; NaN in the first.
    """

    step: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True)
class Observed:
    """A watched matrix after `step` updates.

    `loss` is the mean over the minibatches since the observation before; at step 0 that of the first batch. `gradient`
    is the raw gradient of the update that led here and `update` what it added to the matrix; None at step 0.
    """

    step: int
    loss: float
    gradient: Tensor | None
    update: Tensor | None


@dataclass(frozen=True)
class Diverged:
    """The training ended: after `step` updates a loss was first not finite."""

    step: int


@dataclass(frozen=True)
class Trained:
    """The training has made its last step, `step`; `train_accuracy` is that on the whole training split."""

    step: int
    train_accuracy: float


Event: TypeAlias = Tick | Evaluated | Observed | Diverged | Trained
SlotEvent: TypeAlias = tuple[int, Event]
"""The slot of a network in its layout, and what happens to it."""
