"""Repeat one training of a finished replicate from what the run stored of those before it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from app.contract.events import Measured, Progress
from app.contract.experiment import Experiment
from app.contract.outputs import Key, Outputs, Rows
from app.contract.tickets import TicketKey
from app.contract.training_key import TrainingKey, Value
from app.contract.verification import Verification
from app.kinds.specs import EXPERIMENTS
from app.store import Artifacts
from workers import tensors
from workers.science.experiments.clock import Clock
from workers.science.experiments.stacked_trainer import Stack, StackedTrainer, Step, conduct
from workers.science.outputs import Checkpoint, Output, Resume, Tensors


class CannotVerifyError(Exception):
    """The chosen training cannot be repeated; the message says why and what can."""


class DamagedError(Exception):
    """A stored artifact is lost or has other bytes than its name promises."""


@dataclass
class Redone:
    """What a training logs now: rows by series, and the bytes of its artifacts, each in its order."""

    rows: dict[Key, Rows] = field(default_factory=dict)
    files: dict[Key, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A training to repeat: its size in the units of the experiment's pace, and what is trained before it.

    `among` is how many could have been chosen as well.
    """

    key: TrainingKey
    work: int
    before: Mapping[TrainingKey, int]
    among: int


def choose(spec: Experiment, stored: Outputs, verification: Verification) -> Part:
    """Return the training that `verification` names, or the cheapest one that ended.

    Of equally cheap ones it is a winning ticket, the last, which depends on all before it; else the first. Raises
    `CannotVerifyError`.
    """
    parts = list(spec.parts())
    ended = [(i, *part) for i, part in enumerate(parts) if Key(part[0], "rows", spec.ends) in stored]
    # In the declared order, so that the first coordinate that rules out everything is named, whatever was given first.
    order = [coordinate.name for coordinate in spec.key.coordinates()]
    for name, text in sorted(
        verification.key.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1
    ):
        value = _value(spec, name, text)
        known = list(dict.fromkeys(getattr(key, name) for _, key, _ in ended))
        ended = [item for item in ended if getattr(item[1], name) == value]
        if not ended:
            places = ", ".join(map(str, known)) or "none"
            raise CannotVerifyError(f"no training with {name} {value} has ended in this run; known: {places}")
    if not ended:
        raise CannotVerifyError("no training of this replicate has ended")
    index, key, work = min(ended, key=_cheapest)
    return Part(key, work, dict(parts[:index]), len(ended))


def _value(spec: Experiment, name: str, text: str) -> Value:
    try:
        return spec.key.value_of(name, text)
    except KeyError:
        known = ", ".join(f"--{coordinate.option}" for coordinate in spec.key.coordinates())
        raise CannotVerifyError(f"trainings of this run have no {name}; they are named by {known}") from None
    except ValueError as error:
        raise CannotVerifyError(f"--{name} {text}: {error}") from None


def _cheapest(choice: tuple[int, TrainingKey, int]) -> tuple[int, bool, int]:
    index, key, work = choice
    ticket = isinstance(key, TicketKey) and key.is_winning
    return work, not ticket, -index if ticket else index


def redo(
    spec: Experiment,
    replicate: int,
    part: Part,
    stored: Outputs,
    artifacts: Artifacts,
    *,
    device: str,
    datasets_dir: Path,
    plan: Mapping[str, Any],
    progress: Callable[[int], object],
) -> Redone:
    """Make the training again on `device` under the frozen `plan`; `progress` hears how much of `part.work` is done.

    It resumes from a state that holds what comes before it and ends with it. One of several that were trained together
    has its slot of a stack as wide again, and the other slots are empty. Raises `DamagedError` when what it depends on
    is lost.
    """
    redone, columns = Redone(), dict[Key, dict[str, list[float]]]()
    before = dict(part.before)
    if plan.get("stack_groups"):
        # Others of its round, of which none depends on another, might be trained before it, or with it.
        mine, _ = spec.named(part.key)
        before |= {key: work for key, work in spec.parts() if spec.named(key)[0] == mine and key != part.key}
    base = sum(before.values())
    module, _, function = EXPERIMENTS[spec.kind].target.partition(":")
    state = {
        "done": [key.model_dump() for key in before],
        "diverged": [key.model_dump() for key in before if _diverged(spec, stored, key)],
    }
    resume = Resume(state, partial(_load, stored, artifacts)) if before else None
    run = getattr(import_module(module), function)
    whole = {"device": device, "datasets_dir": datasets_dir, "resume": resume, "plan": plan, "clock": Clock(inf)}
    for output in _alone(partial(run, spec, replicate, **whole), replicate, plan, stackable=spec.stackable):
        match output:
            case Progress():
                progress(output.done - base)
            case Measured():
                of_key = columns.setdefault(Key(output.key, "rows", output.series), {})
                for name, values in output.columns.items():
                    of_key.setdefault(name, []).extend(values)
            case Tensors():
                key = Key(output.key, "artifact", output.name)
                redone.files[key] = tensors.dumps(output.tensors, output.meta)
            case Checkpoint() if _done(output.state, part.key):
                break
    for key, measured in columns.items():
        redone.rows[key] = Rows(tuple(measured), np.array(list(measured.values()), np.float64))
    return redone


def _alone(
    run: Callable[..., Iterator[Step]], replicate: int, plan: Mapping[str, Any], *, stackable: bool
) -> Iterator[Output]:
    """Yield the outputs of one replicate, in its slot of a stack where `plan` had it trained in one with others."""
    width = plan.get("replicates", 1)
    slot = replicate % width
    together = stackable and (width > 1 or plan.get("stack_groups"))
    trainer = {"trainer": partial(StackedTrainer, stack=Stack(width), slot=slot)} if together else {}
    for _, output in conduct({slot: run(**trainer)}):
        yield output


def _done(state: Mapping[str, Any], training: TrainingKey) -> bool:
    done: Sequence[Any] = state["done"]
    return training.model_dump() in done


def _diverged(spec: Experiment, stored: Outputs, training: TrainingKey) -> bool:
    end = stored.get(Key(training, "rows", spec.ends))
    if not isinstance(end, Rows) or "diverged_step" not in end.columns:
        return False
    return bool(np.isfinite(end.table[end.columns.index("diverged_step")]).any())


def _load(stored: Outputs, artifacts: Artifacts, name: str, training: TrainingKey) -> Mapping[str, Tensor]:
    return tensors.loads(read(stored, artifacts, Key(training, "artifact", name)))


def read(stored: Outputs, artifacts: Artifacts, key: Key) -> bytes:
    """Read the stored bytes of an artifact, checked against their name. Raises KeyError, `DamagedError`."""
    saved = stored[key]
    if isinstance(saved, Rows):
        raise KeyError(key)
    try:
        return artifacts.get(saved.sha256)
    except FileNotFoundError as error:
        raise DamagedError(f"the stored bytes of {key.name} of {key.training.words} are lost") from error
    except OSError as error:
        raise DamagedError(f"the stored bytes of {key.name} of {key.training.words} are damaged: {error}") from error
