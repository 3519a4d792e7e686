"""One training of a finished replicate, made again from what the run stored of those before it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from app.contract.events import WINNING_TICKET, Measured, Place, Progress
from app.contract.experiment import Experiment
from app.contract.outputs import Key, Outputs, Rows
from app.contract.verification import Verification
from app.kinds.specs import EXPERIMENTS
from app.store import Artifacts
from workers import tensors
from workers.science.experiments.clock import Clock
from workers.science.experiments.stacked_trainer import Stack, StackedTrainer, Step, conduct
from workers.science.outputs import Checkpoint, Output, Resume, Tensors


class CannotVerifyError(Exception):
    """What was asked for cannot be made again; the message says why and what can."""


class DamagedError(Exception):
    """A stored artifact is lost or has other bytes than its name promises."""


@dataclass
class Redone:
    """What a training says now: rows by series, and the bytes of its artifacts, each in its order."""

    rows: dict[Key, Rows] = field(default_factory=dict)
    files: dict[Key, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A training to make again: its size in the units of the experiment's pace, and what is made before it.

    `among` is how many could have been chosen as well.
    """

    place: Place
    work: int
    before: Mapping[Place, int]
    among: int


def choose(spec: Experiment, stored: Outputs, asked: Verification) -> Part:
    """The training that is asked for, or the cheapest one that ended.

    Of equally cheap ones it is a winning ticket, the last, which rests on all before it; else the first. Raises
    `CannotVerifyError`.
    """
    parts = list(spec.parts())
    ended = [(i, *part) for i, part in enumerate(parts) if Key(part[0], "rows", spec.ends) in stored]
    given = {name: value for name in ("level", "branch", "draw") if (value := getattr(asked, name)) is not None}
    for name, value in given.items():
        known = list(dict.fromkeys(getattr(place, name) for _, place, _ in ended))
        ended = [each for each in ended if getattr(each[1], name) == value]
        if not ended:
            told = ", ".join(map(str, known)) or "none"
            raise CannotVerifyError(f"no training with {name} {value} has ended in this run; known: {told}")
    if not ended:
        raise CannotVerifyError("no training of this replicate has ended")
    index, place, work = min(ended, key=_cheapest)
    return Part(place, work, dict(parts[:index]), len(ended))


def _cheapest(each: tuple[int, Place, int]) -> tuple[int, bool, int]:
    index, place, work = each
    ticket = place.branch == WINNING_TICKET
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
    has its slot of a stack as wide again, and nobody beside it. Raises `DamagedError` when what it rests on is lost.
    """
    redone, columns = Redone(), dict[Key, dict[str, list[float]]]()
    before = dict(part.before)
    if plan.get("abreast"):
        # Others of its round, of which none rests on another, might be made before it, or beside it.
        mine, _ = spec.named(part.place)
        before |= {place: work for place, work in spec.parts() if spec.named(place)[0] == mine and place != part.place}
    base = sum(before.values())
    module, _, function = EXPERIMENTS[spec.kind].target.partition(":")
    state = {
        "done": [place.model_dump() for place in before],
        "diverged": [place.model_dump() for place in before if _diverged(spec, stored, place)],
    }
    resume = Resume(state, partial(_load, stored, artifacts)) if before else None
    run = getattr(import_module(module), function)
    whole = {"device": device, "datasets_dir": datasets_dir, "resume": resume, "plan": plan, "clock": Clock(inf)}
    for output in _alone(partial(run, spec, replicate, **whole), replicate, plan, stackable=spec.stackable):
        match output:
            case Progress():
                progress(output.done - base)
            case Measured():
                of_key = columns.setdefault(Key(output.place, "rows", output.series), {})
                for name, values in output.columns.items():
                    of_key.setdefault(name, []).extend(values)
            case Tensors():
                key = Key(output.place, "artifact", output.name)
                redone.files[key] = tensors.dumps(output.tensors, output.meta)
            case Checkpoint() if _done(output.state, part.place):
                break
    for key, measured in columns.items():
        redone.rows[key] = Rows(tuple(measured), np.array(list(measured.values()), np.float64))
    return redone


def _alone(
    run: Callable[..., Iterator[Step]], replicate: int, plan: Mapping[str, Any], *, stackable: bool
) -> Iterator[Output]:
    """The outputs of one replicate, in its slot of a stack where `plan` had it trained in one with others."""
    width = plan.get("replicates", 1)
    slot = replicate % width
    together = stackable and (width > 1 or plan.get("abreast"))
    trainer = {"trainer": partial(StackedTrainer, stack=Stack(width), slot=slot)} if together else {}
    for _, output in conduct({slot: run(**trainer)}):
        yield output


def _done(state: Mapping[str, Any], place: Place) -> bool:
    done: Sequence[Any] = state["done"]
    return place.model_dump() in done


def _diverged(spec: Experiment, stored: Outputs, place: Place) -> bool:
    end = stored.get(Key(place, "rows", spec.ends))
    if not isinstance(end, Rows) or "diverged_step" not in end.columns:
        return False
    return bool(np.isfinite(end.table[end.columns.index("diverged_step")]).any())


def _load(stored: Outputs, artifacts: Artifacts, name: str, place: Place) -> Mapping[str, Tensor]:
    return tensors.loads(read(stored, artifacts, Key(place, "artifact", name)))


def read(stored: Outputs, artifacts: Artifacts, key: Key) -> bytes:
    """The stored bytes of an artifact, checked against their name. Raises KeyError, `DamagedError`."""
    saved = stored[key]
    if isinstance(saved, Rows):
        raise KeyError(key)
    try:
        return artifacts.get(saved.sha256)
    except FileNotFoundError as error:
        raise DamagedError(f"the stored bytes of {key.name} of level {key.place.level} are lost") from error
    except OSError as error:
        raise DamagedError(f"the stored bytes of {key.name} of level {key.place.level} are damaged: {error}") from error
