"""Convert checkpoint documents of older versions to what `workers.checkpoints` reads.

Version 1 named trainings by level, branch and draw. Version 2 had other names for parts of the state, and could hold
the tensors of one unfinished training without its number.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from app.contract.experiment import RunSpec
from app.contract.training_key import canonical
from app.kinds.before import Place, converted, converted_state

_STATE = {"midway": "unfinished", "back": "pending"}
_TRAINING = {"place": "key", "course": "loop"}
_PENDING = {"kept": "outputs"}


def up_to_date(
    document: dict[str, Any], tensors: Mapping[str, Tensor], spec: RunSpec
) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    """Return a document of any version, and its tensors, as one of version 3; `spec` is that of its run."""
    version = document.get("version", 1)
    if version < 2:
        document = _from_1(document, spec)
    if version < 3:
        document, tensors = _from_2(document, tensors)
    return document, tensors


def _from_1(document: dict[str, Any], spec: RunSpec) -> dict[str, Any]:
    stored = spec.model_dump(mode="json")
    state = document.get("state")
    artifacts = {}
    for name, sha256 in document.get("artifacts", {}).items():
        artifact, level, branch, draw = name.split("/")
        coordinates = converted(spec.kind, stored, Place(int(level), branch, int(draw)))
        artifacts[f"{artifact}/{canonical(coordinates)}"] = sha256
    return {**document, "state": state and converted_state(spec.kind, stored, state), "artifacts": artifacts}


def _from_2(document: dict[str, Any], tensors: Mapping[str, Tensor]) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    state = document.get("state")
    if state:
        state = _renamed(state, _STATE)
        if isinstance(state.get("unfinished"), dict):
            state["unfinished"] = [state["unfinished"]]
            tensors = {f"0/{path}": tensor for path, tensor in tensors.items()}
        if "unfinished" in state:
            state["unfinished"] = [_renamed(training, _TRAINING) for training in state["unfinished"]]
            tensors = {path.replace("/course/losses", "/loop/losses"): tensor for path, tensor in tensors.items()}
        if "pending" in state:
            pending = _renamed(state["pending"], _PENDING)
            pending["outputs"] = [
                [key, [_renamed(output, _TRAINING) for output in outputs]] for key, outputs in pending["outputs"]
            ]
            state["pending"] = pending
    return {**document, "state": state, "version": 3}, tensors


def _renamed(values: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}
