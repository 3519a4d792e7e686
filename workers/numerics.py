"""The numeric plan: everything but the spec that decides the bits of a run, frozen by the first claim of a shard."""

from collections.abc import Sequence
from typing import Any

import torch

from workers import machine


class PlanMismatchError(Exception):
    """This worker would not give the numbers that the shard began to compute; the message names each difference."""


def pin() -> None:
    """Set one thread, deterministic kernels and plain float32; call it before anything is computed."""
    torch.set_num_threads(1)
    # The same as `use_deterministic_algorithms(True)`, which would load the compiler: 1.5 s that nothing here needs.
    torch.set_deterministic_debug_mode("error")
    # Filling memory that is about to be written changes no bit and costs a tenth of a sparse step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_default_dtype(torch.float32)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False


def plan(network: dict[str, Any], device: str, replicates: int = 1, stack_groups: Sequence[str] = ()) -> dict[str, Any]:
    """Return the plan of this process on `device` ("cpu" or "cuda:0") with so many `replicates` in a stack.

    Each text of `stack_groups` names trainings of a replicate that share one (`Experiment.stack_groups`). `network` is
    what the experiment describes of it.
    """
    return {
        **network,
        "replicates": replicates,
        **({"stack_groups": list(stack_groups)} if stack_groups else {}),
        "threads": torch.get_num_threads(),
        "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "flags": {
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "matmul": torch.get_float32_matmul_precision(),
            "tf32": torch.backends.cudnn.allow_tf32,
        },
        "versions": machine.versions(),
        "arithmetic": machine.ARITHMETIC,
        # The name of the GPU, not its number: another one of the same make computes the same.
        "device": "cpu" if device == "cpu" else torch.cuda.get_device_name(device),
    }


def _known(frozen: dict[str, Any], mine: dict[str, Any]) -> dict[str, str]:
    """Return what moves the parameters that the first attempt moved: an extended run may have more optimizers."""
    before = frozen.get("moved_by", {})
    return {name: by for name, by in mine.get("moved_by", {}).items() if name in before}


def renamed(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a stored plan under the names of today: stack groups were called "abreast" up to arithmetic 2."""
    return {{"abreast": "stack_groups"}.get(key, key): value for key, value in plan.items()}


def obey(frozen: dict[str, Any], mine: dict[str, Any]) -> None:
    """Check that this process computes as the shard's first attempt did. Raises `PlanMismatchError`."""
    # What was measured is taken from the frozen plan; one of an older version has none of it, no number and no stack.
    before = {"arithmetic": 1, "replicates": 1, "stack_groups": []}
    # The architecture describes the model, which the spec does too: it changes no number.
    left_out = ("tuned", "architecture")
    frozen, mine = (
        before | {key: value for key, value in renamed(plan).items() if key not in left_out} for plan in (frozen, mine)
    )
    differing = _differences(frozen, {**mine, "moved_by": _known(frozen, mine)} if "moved_by" in mine else mine)
    if differing:
        raise PlanMismatchError("; ".join(differing))


def _differences(frozen: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    """Return each difference in words; of nested parts, such as versions, only what differs in them."""
    words = []
    for key in sorted(frozen.keys() | mine.keys()):
        was, now = frozen.get(key), mine.get(key)
        if isinstance(was, dict) and isinstance(now, dict):
            words += _differences(was, now)
        elif was != now:
            words.append(f"{key} was {was!r} and is {now!r} here")
    return words
