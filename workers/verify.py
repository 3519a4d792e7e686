"""`python -m workers.verify`: repeat one training of a run on this machine and compare every bit."""

import workers.pinned  # noqa: F401 (before torch)

# isort: split
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.contract.experiment import Experiment
from app.contract.outputs import Key, Outputs, Rows, Saved
from app.contract.verification import Verification
from app.contract.words import plural
from app.kinds.specs import EXPERIMENTS
from app.records import Run
from app.repeat.differences import difference, of_values
from app.repeat.origins import UNKNOWN, Origin, flat, lines_of, origins, reasons
from app.settings import Settings
from app.store import NotFound, Store
from workers import numerics, tensors
from workers.provenance import provenance
from workers.redo import CannotVerifyError, DamagedError, Part, Redone, choose, read, redo
from workers.science.data.dataset import DatasetError

SAME, DIFFERENT, REFUSED = 0, 1, 2
_TOLD = {"instructions": "instructions", "torch": "versions.torch", "commit": "code.commit", "host": "host"}
_console = Console(highlight=False, soft_wrap=True)
_errors = Console(highlight=False, soft_wrap=True, stderr=True)


def main(argument: str) -> int:
    """Verify the training that `argument`, the JSON of a `Verification`, names; returns the exit code."""
    verification, settings = Verification.model_validate_json(argument), Settings()
    numerics.pin()
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    try:
        return _verify(store, settings, verification)
    except (CannotVerifyError, DatasetError, NotFound) as error:
        _errors.print(escape(str(error)), style="red")
        return REFUSED
    except DamagedError as error:
        _errors.print(escape(str(error)), style="red")
        return DIFFERENT
    except KeyboardInterrupt:
        return 130
    finally:
        store.close()


def _verify(store: Store, settings: Settings, verification: Verification) -> int:
    if (trouble := store.trouble()) is not None:
        raise CannotVerifyError(trouble.detail)
    run = store.run(verification.run)
    spec = run.spec
    if not isinstance(spec, Experiment):
        raise CannotVerifyError(f"run {run.id} holds imported masks: it cannot be trained again here")
    if not spec.repeatable:
        raise CannotVerifyError(f"run {run.id} measured times, which are others at each measurement")
    replicate = _replicate(store, run, verification.replicate)
    stored = store.outputs(run.id, replicate)
    part = choose(spec, stored, verification)
    starts = [start for start in store.starts(run.id) if start.replicate == replicate]
    frozen = _plan([numerics.renamed(start.event["plan"]) for start in starts])
    device = _device(frozen)
    network = import_module(EXPERIMENTS[spec.kind].target.partition(":")[0]).describe(
        spec, settings.resolved_datasets_dir
    )
    # What the first attempt measured is taken over, as a later attempt does.
    mine = numerics.plan(network, device, frozen.get("replicates", 1), frozen.get("stack_groups", ()))
    mine["tuned"] = frozen.get("tuned", {})
    then = origins(starts)
    now = Origin(replicate, (), (), lines_of(mine, provenance(spec, device, network)))
    _console.print(f"[bold]{run.id}[/bold]  {escape(run.name)}: replicate {replicate}, {_training(part)}")
    for origin in (*then, now):
        _console.print(f"  {'then' if origin.attempts else 'now '}  {escape(_machine(origin))}")
    _obey(frozen, mine, anyway=verification.anyway)
    with _bar(part) as progress:
        redone = redo(
            spec, replicate, part, stored, store.artifacts_store,
            device=device, datasets_dir=settings.resolved_datasets_dir, plan=frozen, progress=progress,
        )  # fmt: skip
    code = _report(store, part, stored, redone)
    if code == DIFFERENT:
        _explain(then, now)
    return code


def _replicate(store: Store, run: Run, number: int | None) -> int:
    """Return the chosen replicate, or the first that has finished."""
    states = {shard.replicate: shard.state for shard in store.shards(run.id)}
    if number is None:
        number = next((replicate for replicate, state in states.items() if state == "finished"), None)
        if number is None:
            raise CannotVerifyError(f"run {run.id} is {run.state}: no replicate of it has finished yet")
    if number not in states:
        raise CannotVerifyError(f"run {run.id} has no replicate {number}: it has {len(states)}, from 0 on")
    if states[number] != "finished":
        raise CannotVerifyError(f"replicate {number} of run {run.id} is {states[number]}: it must have finished")
    return number


def _plan(plans: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the plan of all attempts; the log does not record which of several ran a training."""
    widths = list(dict.fromkeys(plan.get("replicates", 1) for plan in plans))
    if len(widths) > 1:
        raise CannotVerifyError(
            f"this replicate was trained together with others, {' then '.join(map(str, widths))} of them as the memory "
            "allowed: how many were trained with each is not known"
        )
    stacks = list(dict.fromkeys(" | ".join(plan.get("stack_groups", ())) for plan in plans))
    if len(stacks) > 1:
        raise CannotVerifyError(
            f"several trainings of this replicate ran at once, {', then '.join(stacks)}, as the memory allowed: which "
            "were trained together is not known"
        )
    return plans[-1]


def _device(frozen: dict[str, Any]) -> str:
    """Return the device here that is the plan's, or the nearest to it."""
    if frozen.get("device", "cpu") == "cpu" or not torch.cuda.is_available():
        return "cpu"
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return f"cuda:{names.index(frozen['device']) if frozen['device'] in names else 0}"


def _obey(frozen: dict[str, Any], mine: dict[str, Any], *, anyway: bool) -> None:
    try:
        numerics.obey(frozen, mine)
    except numerics.PlanMismatchError:
        differing = reasons(*([Origin(0, (), (), dict(flat(plan)))] for plan in (frozen, mine)))
        text = "\n".join(f"  {row.key}: {row.then} then, {row.now} here" for row in differing)
        if not anyway:
            raise CannotVerifyError(
                f"this machine cannot follow the numeric plan of the replicate:\n{text}\nVerify it where "
                "these match, or add --anyway to see how large the differences are."
            ) from None
        _console.print(f"[yellow]not the same numeric plan[/yellow], so bits may differ:\n{escape(text)}")


def _report(store: Store, part: Part, stored: Outputs, redone: Redone) -> int:
    """Print a line for each series and artifact; returns the exit code."""
    now = redone.rows.keys() | redone.files.keys()
    keys = [key for key in stored if key in now or key.training == part.key]
    keys += [key for key in (*redone.rows, *redone.files) if key not in stored]
    different = 0
    for key in keys:
        text = _compare(store, key, stored, redone)
        different += bool(text)
        verdict = f"[red]{escape(text)}[/red]" if text else "identical to the bit"
        _console.print(f"  {key.name:<14} {_amount(key, stored, redone):<16} {verdict}")
    if different:
        _console.print(f"[red]not the same[/red]: {different} of {len(keys)} series and artifacts differ")
        return DIFFERENT
    _console.print(f"[green]identical to the bit[/green]: all {len(keys)} series and artifacts")
    return SAME


def _compare(store: Store, key: Key, stored: Outputs, redone: Redone) -> str:
    """Return how a series or an artifact differs from what is stored; empty when it does not."""
    if key not in stored:
        return "was not stored then"
    if key.sort == "rows":
        return difference(stored[key], redone.rows[key]) if key in redone.rows else "is not measured now"
    try:
        # The bytes themselves and not their recorded hash: they may have been changed since.
        then = read(stored, store.artifacts_store, key)
    except DamagedError as error:
        return str(error)
    if key not in redone.files:
        return "is not saved now"
    return "" if then == redone.files[key] else _of_tensors(then, redone.files[key])


def _of_tensors(then: bytes, now: bytes) -> str:
    before, after = tensors.loads(then), tensors.loads(now)
    if before.keys() != after.keys():
        return f"tensors {', '.join(before)} then, {', '.join(after)} now"
    texts = []
    for name, old in before.items():
        new = after[name]
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            texts.append(f"{name} {tuple(old.shape)} then, {tuple(new.shape)} now")
        elif text := of_values(old.numpy(), new.numpy()):
            texts.append(f"{name} {text}")
    return "; ".join(texts) or "other metadata"


def _explain(then: Sequence[Origin], now: Origin) -> None:
    """Name what was other than now, as far as it was recorded."""
    differing = [reason for reason in reasons(then, [now]) if reason.then != UNKNOWN]
    if not differing:
        _console.print("Nothing that is recorded was other then.")
        return
    _console.print("Other then:")
    for reason in differing:
        _console.print(escape(f"  {reason.key}: {reason.then} then, {reason.now} here"))


@contextmanager
def _bar(part: Part) -> Iterator[Callable[[int], None]]:
    """Show a bar with the time left while the training runs again, gone when it has ended; none in a file or pipe."""
    columns = TextColumn("  training again"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=_console, transient=True, disable=not _console.is_terminal) as bar:
        task = bar.add_task("", total=part.work)
        yield lambda done: bar.update(task, completed=done)


def _training(part: Part) -> str:
    names = " and ".join(f"--{coordinate.option}" for coordinate in part.key.coordinates())
    chosen = f" (the cheapest of {part.among:,}; {names} choose others)" if part.among > 1 else ""
    return f"{part.key.words}{chosen}"


def _machine(origin: Origin) -> str:
    """Return such as `cpu AMD EPYC (AVX512), torch 2.13.0+cpu, commit 0123456789ab, on host`."""
    lines = origin.lines
    lines_of = [f"{lines.get('device', UNKNOWN)} {lines.get('device_name', '')}".strip()]
    lines_of += [f"{name} {lines[key]}" for name, key in _TOLD.items() if key in lines]
    return ", ".join(lines_of)


def _amount(key: Key, stored: Outputs, redone: Redone) -> str:
    if key.sort == "rows":
        rows = redone.rows.get(key) or stored[key]
        n = rows.table.shape[1] if isinstance(rows, Rows) else 0
        return plural(n, "row")
    data = redone.files.get(key)
    saved = stored.get(key)
    n = len(data) if data is not None else saved.size_bytes if isinstance(saved, Saved) else 0
    return f"{n:,} bytes"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
